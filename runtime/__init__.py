"""Compile, run, cache, measure: what a user calls."""
