"""Models of ONNX and QONNX: read into the `qonnx` dialect, and from there into `lowbit`'s."""
