"""Run modules of tensors, kernels or stages under xDSL's interpreter, on numpy arrays.

xDSL's interpreter brings interpreters of other dialects along, which takes longer to import than
all the rest of this project. So it is imported when it is asked for: the values have other users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lowbit_dialect.at_fork import load_module
from lowbit_dialect.interpreters.values import from_values, to_values
from lowbit_dialect.layouts.packed_array import PackedArray

if TYPE_CHECKING:
    from lowbit_dialect.interpreters.run import interpret, lowbit_interpreter

__all__ = ["PackedArray", "from_values", "interpret", "lowbit_interpreter", "to_values"]


def __getattr__(name: str) -> Any:
    if name not in ("interpret", "lowbit_interpreter"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(load_module("lowbit_dialect.interpreters.run"), name)
