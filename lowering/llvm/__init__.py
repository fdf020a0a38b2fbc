"""From loops in functions on memrefs to LLVM's dialect, LLVM IR, and object files."""
