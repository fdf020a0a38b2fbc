"""Whole networks, timed beside other libraries that run the same topology."""
