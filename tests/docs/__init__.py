"""Tests of what is written for people: the README, the pages in docs/, and the two files for who takes part."""
