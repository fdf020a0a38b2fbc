"""Handwritten digits by a network of 1-bit weights and 2-bit activations."""
