"""Tests of the store, written against what `Store` promises rather than against its tables."""
