"""Tests of the model: facts and rules."""
