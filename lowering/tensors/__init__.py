"""Level 1: rewrites of what a network computes, whatever kernels compute it."""
