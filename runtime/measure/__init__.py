"""Time the kernels on known layers, in cycles, every result compared with the reference."""
