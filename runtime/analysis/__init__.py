"""What compiled code is made of, and what it should cost: read from its assembly and its IR."""
