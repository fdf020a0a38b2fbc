"""Run modules of levels 1 and 2 under xDSL's interpreter, on numpy arrays."""

from lowbit_dialect.interpreters.run import interpret, lowbit_interpreter
from lowbit_dialect.interpreters.values import PackedArray, from_values, to_values

__all__ = ["PackedArray", "from_values", "interpret", "lowbit_interpreter", "to_values"]
