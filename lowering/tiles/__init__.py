"""Level 3, inside: register tiles become reduction loops of `simd` operations."""
