"""Tests of a whole platform through its edge."""
