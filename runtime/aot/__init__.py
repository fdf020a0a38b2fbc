"""Ahead of time: files to build programs from, for any target on any host."""
