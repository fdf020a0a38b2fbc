"""The same with every element: sums, glue in memory, quantize, dequantize, cast."""
