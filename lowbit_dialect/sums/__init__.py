"""What each strategy sums, what makes that the dot product, and proofs that no lane wraps."""
