"""Tests of the engine: real processes, real signals, a real database."""
