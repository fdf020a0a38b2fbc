"""The threads that share the stages of a function: a protocol as data, and LLVM IR made from it."""
