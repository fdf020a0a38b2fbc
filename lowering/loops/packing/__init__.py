"""Elements into and out of words: of bits, bytes, levels, digits and indices."""
