"""Level 2 to level 3: loops over memrefs around register tiles."""
