"""A compiler for neural networks of 1- to 4-bit weights and activations, on CPUs.

The public names. `conv2d`, `matmul`, `bitpack` and `unpack` compile one operation for the arrays
they are given and run it; `Network` writes a whole network, `compile` makes an `Executable` of it:

    import lowbit

    y = lowbit.conv2d(x, w, x_code="unipolar<2>", w_code="bipolar<1>", padding=1)

`lowbit.codes` has the value codes, `lowbit.targets` the processors, `lowbit.reference` the
operations in numpy. Everything else is in the packages `runtime`, `lowering` and `lowbit_dialect`,
whose inner modules may move between two versions.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lowbit_dialect.at_fork import load_module

if TYPE_CHECKING:
    from lowbit import codes, targets
    from lowbit_dialect import reference
    from lowbit_dialect.layouts.packed_array import PackedArray
    from lowbit_dialect.network import Network
    from lowering.pipeline import lower
    from runtime.compiler import compile
    from runtime.executable import Executable
    from runtime.kernels import bitpack, conv2d, matmul, unpack
    from runtime.source import parse_module

__version__ = "0.2.0"

__all__ = [
    "Executable",
    "Network",
    "PackedArray",
    "__version__",
    "bitpack",
    "codes",
    "compile",
    "conv2d",
    "lower",
    "matmul",
    "parse_module",
    "reference",
    "targets",
    "unpack",
]

_MODULES = {
    "codes": "lowbit.codes",
    "reference": "lowbit_dialect.reference",
    "targets": "lowbit.targets",
}

_NAMES = {
    "Executable": "runtime.executable",
    "Network": "lowbit_dialect.network",
    "PackedArray": "lowbit_dialect.layouts.packed_array",
    "bitpack": "runtime.kernels",
    "compile": "runtime.compiler",
    "conv2d": "runtime.kernels",
    "lower": "lowering.pipeline",
    "matmul": "runtime.kernels",
    "parse_module": "runtime.source",
    "unpack": "runtime.kernels",
}
"""The module of each public name. It is imported when the name is first used: xDSL and LLVM take
longer to import than a kernel takes to load from the cache."""


def _load(module: str) -> ModuleType:
    """A module of ours.

    Raises:
        ImportError: a module of the same name as one of our packages hides it.
    """
    try:
        return load_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if error.name != module or hasattr(sys.modules.get(top), "__path__"):
            raise
        place = getattr(sys.modules.get(top), "__file__", None)
        raise ImportError(
            f"{place} hides the package {top!r} of lowbit: give the file another name"
        ) from error


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value = _load(_MODULES[name])
    elif name in _NAMES:
        value = getattr(_load(_NAMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
