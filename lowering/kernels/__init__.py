"""Level 1 to level 2: which kernel, in which layout, with which epilogue."""
