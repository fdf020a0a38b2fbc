"""Compiled objects on disk."""
