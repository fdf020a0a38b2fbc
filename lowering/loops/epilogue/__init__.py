"""What becomes of the sums of a tile: correction, glue, packing, and the store."""
