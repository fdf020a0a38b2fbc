"""A kernel of 16-bit integers by the same loops, passes and LLVM, to compare low-bit ones with."""
