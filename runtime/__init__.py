"""Compile, run, cache, measure: the implementation of what `import lowbit` offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lowbit_dialect.at_fork import load_module

if TYPE_CHECKING:
    from lowbit_dialect.layouts.packed_array import PackedArray
    from runtime.compiler import compile
    from runtime.executable import Executable
    from runtime.kernels import bitpack, conv2d, matmul, unpack

__all__ = ["Executable", "PackedArray", "bitpack", "compile", "conv2d", "matmul", "unpack"]

_PLACES = {
    "Executable": "runtime.executable",
    "PackedArray": "lowbit_dialect.layouts.packed_array",
    "bitpack": "runtime.kernels",
    "compile": "runtime.compiler",
    "conv2d": "runtime.kernels",
    "matmul": "runtime.kernels",
    "unpack": "runtime.kernels",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(load_module(_PLACES[name]), name)
