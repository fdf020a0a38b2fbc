"""`lowbit verify`: integers of a compiled model against exact arithmetic and QONNX's executor."""
