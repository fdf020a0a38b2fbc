"""Compile, run, cache, measure: what a user calls."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lowbit_dialect.at_fork import load_module

if TYPE_CHECKING:
    from lowbit_dialect.interpreters.values import PackedArray
    from runtime.compile import compile
    from runtime.executable import Executable
    from runtime.kernels import bitpack, conv2d, matmul, unpack

__all__ = ["Executable", "PackedArray", "bitpack", "compile", "conv2d", "matmul", "unpack"]

_PLACES = {
    "Executable": "runtime.executable",
    "PackedArray": "lowbit_dialect.interpreters.values",
    "bitpack": "runtime.kernels",
    "conv2d": "runtime.kernels",
    "matmul": "runtime.kernels",
    "unpack": "runtime.kernels",
}


class _Package(ModuleType):
    """A package that imports what is asked for when it is: the command line starts with little."""

    def __getattr__(self, name: str) -> Any:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(load_module(_PLACES[name]), name)

    @property
    def compile(self) -> Any:
        """The function, not the module of that name."""
        return load_module("runtime.compile").compile

    @compile.setter
    def compile(self, module: ModuleType) -> None:
        """Importing a module makes it an attribute of its package, which this one is not."""


sys.modules[__name__].__class__ = _Package
