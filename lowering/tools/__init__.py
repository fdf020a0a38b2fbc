"""The parts of `lowbit-opt`: what watches a pipeline, and the command itself."""
