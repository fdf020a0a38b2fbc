"""Level 3 to level 4: loops over memrefs around register tiles."""
