"""Comparisons of the code and the speed of kernels between two commits; not installed."""
