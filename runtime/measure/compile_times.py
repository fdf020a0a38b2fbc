"""How long a layer takes to compile: cold, and when its object is in the cache."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from xdsl.dialects.builtin import ModuleOp

from lowbit_dialect.ops.contraction import Conv2DOp
from lowering.kernels.contraction import Contraction
from lowering.strategies import AUTO, all_strategies
from lowering.targets import get_target
from runtime.compiler import compile
from runtime.executable import Executable
from runtime.measure.samples import lower_quartile
from runtime.object_cache import cache as object_cache
from runtime.source import parse_module

_CACHED_COMPILATIONS = 5

Build = Callable[..., Executable]
"""`compile` of a module or its text, with all other arguments but `use_cache`."""


def build_cached(build: Build, module: ModuleOp, folder: str) -> Executable:
    """Compile with the objects of a folder."""
    with _object_cache(folder):
        return build(str(module), use_cache=True)


def compile_times(build: Build, module: ModuleOp, folder: str) -> dict[str, float]:
    """Seconds of a compilation without the object cache, and of one that finds the object there.

    The first is of the module, the second of its text, by which objects are found. Everything that
    a process does once (imports, LLVM's targets) has been done before.
    """
    _compile_something()
    start = time.perf_counter()
    build(module, use_cache=False)
    cold = time.perf_counter() - start
    text = str(module)
    with _object_cache(folder):
        build(text, use_cache=True)
        times = []
        for _ in range(_CACHED_COMPILATIONS):
            start = time.perf_counter()
            build(text, use_cache=True)
            times.append(time.perf_counter() - start)
    return {"cold_seconds": cold, "cached_seconds": lower_quartile(times)}


_SMALL = """
func.func @main(
  %x: tensor<1x4x4x64x!lowbit.unipolar<1>>, %w: tensor<64x1x1x64x!lowbit.bipolar<1>>
) -> tensor<1x4x4x64xi32> {
  %y = lowbit.conv2d %x, %w
    : (tensor<1x4x4x64x!lowbit.unipolar<1>>, tensor<64x1x1x64x!lowbit.bipolar<1>>)
    -> tensor<1x4x4x64xi32>
  return %y : tensor<1x4x4x64xi32>
}
"""


@cache
def _compile_something() -> None:
    """Load what compiling needs, by every strategy that takes the small layer."""
    (layer,) = (op for op in parse_module(_SMALL).walk() if isinstance(op, Conv2DOp))
    contraction = Contraction.of(layer).on(get_target("host"))
    possible = [s.name for s in all_strategies() if s.why_not(contraction) is None]
    for strategy in (AUTO, *possible):
        compile(_SMALL, use_cache=False, strategy=strategy)


@contextmanager
def _object_cache(folder: str) -> Iterator[None]:
    """Compiled objects are kept in a folder of our own."""
    before = os.environ.get(object_cache.ENVIRONMENT)
    os.environ[object_cache.ENVIRONMENT] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ[object_cache.ENVIRONMENT]
        else:
            os.environ[object_cache.ENVIRONMENT] = before
