"""The operations of the lowbit dialect, a family a file."""
