"""From the `simd` dialect to operations that LLVM has, chosen by the target."""
