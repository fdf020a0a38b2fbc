"""Kernels for ARM executed on any machine, each instruction counted."""
