"""Tests of workers and attempts."""
