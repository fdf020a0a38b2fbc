"""Whole networks with random weights, to compile, to check and to time."""
