"""Tests of long-running processes."""
