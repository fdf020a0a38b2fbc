"""Level 4, inside: register tiles become reduction loops of `simd` operations."""
