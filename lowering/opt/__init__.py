"""The parts of `lowbit-opt`: pass instrumentation, diagnostics, located parsing."""
