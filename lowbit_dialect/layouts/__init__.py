"""How tensors lie in memory: layouts as attributes, their sizes, and arrays in them."""
