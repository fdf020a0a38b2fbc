"""Compiling and loading keep no memory once their results are gone.

Each case runs a few hundred times in a process of its own; what counts is how memory grows after
the first hundred, when every cache and pool has its size.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import pytest

from lowering.llvm.object import compile_object
from lowering.targets import get_target
from runtime import compile
from runtime.jit import LoadedObject

pytestmark = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="needs mallinfo2 of glibc 2.33"
)

LINKED = 16
"""Objects that share a linker, which is freed as a whole: counts are multiples of it."""


class Growth(NamedTuple):
    """What a call keeps, on average: bytes of malloc, blocks of Python, bytes of the process."""

    malloc: float
    blocks: float
    resident: float


class _MallInfo(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def _memory() -> Growth:
    gc.collect()
    read = ctypes.CDLL(None).mallinfo2
    read.restype = _MallInfo
    info = read()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Growth(info.uordblks + info.hblkhd, sys.getallocatedblocks(), pages * 4096)


def growth(run: Callable[[], object], first: int, last: int) -> Growth:
    """How memory grows from the call `first` to the call `last`, in the half where it grows less.

    What is kept of every call grows in both halves, a table that is enlarged once in one of them.
    """
    middle = first + (last - first) // (2 * LINKED) * LINKED
    halves = []
    for calls in (first, middle - first, last - middle):
        for _ in range(calls):
            run()
        halves.append((_memory(), calls))
    (start, _), (half, early), (end, late) = halves
    return Growth(
        *(min((b - a) / early, (c - b) / late) for a, b, c in zip(start, half, end, strict=True))
    )


NUMBERS = count()


def llvm_ir() -> str:
    """A function and 4 kB of constants that no other call has."""
    number = next(NUMBERS)
    values = ", ".join(f"i32 {number * 1000 + i}" for i in range(1000))
    triple = get_target("host").triple
    return (
        f'target triple = "{triple}"\n@c = constant [1000 x i32] [{values}]\n'
        "define i32 @f(i32 %x) {\n  %y = add i32 %x, 1\n  ret i32 %y\n}\n"
    )


def module() -> str:
    """A module with a constant that no other call has."""
    number = next(NUMBERS)
    return f"""
func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {{
  %c = arith.constant dense<[{number}, 1, 2, 3]> : tensor<4xi32>
  %y = lowbit.add %x, %c : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  func.return %y : tensor<4xi32>
}}"""


def keep_something(kept: list[bytes]) -> None:
    """Keep 2 kB."""
    kept.append(bytes(2000))


def cases() -> dict[str, Callable[[], object]]:
    """What is run again and again."""
    host = get_target("host")
    data, text = compile_object(llvm_ir(), host), module()
    return {
        "planted": partial(keep_something, []),
        "load": lambda: LoadedObject(data, ["f"]),
        "hit": lambda: compile(text),
        "object": lambda: compile_object(llvm_ir(), host),
        "compile": lambda: compile(module(), use_cache=False),
    }


def measure(name: str, first: int, last: int) -> Growth:
    """The growth of a case, in this process."""
    return growth(cases()[name], first, last)


@pytest.fixture(scope="module")
def child() -> Iterator[ProcessPoolExecutor]:
    """A process in which nothing else runs."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        yield pool


def test_the_measurement_sees_what_is_kept(child: ProcessPoolExecutor):
    found = child.submit(measure, "planted", 6 * LINKED, 19 * LINKED).result()
    assert found.malloc > 1900


@pytest.mark.parametrize(
    ("name", "first", "last", "most"),
    [
        ("load", 6, 19, Growth(300, 2, 4096)),  # 8,600 bytes with one linker for all objects
        ("hit", 6, 19, Growth(300, 2, 4096)),
        # 1,500 bytes are the callbacks of llvmlite's pass builders, which it never frees. With
        # pass managers that are not freed it is 50,000; in one context, 70,000 more.
        ("object", 6, 19, Growth(2500, 2, 16384)),
        ("compile", 2, 4, Growth(8000, 50, 262144)),
        pytest.param("compile", 6, 19, Growth(4000, 10, 32768), marks=pytest.mark.sweep),
    ],
)
def test_nothing_is_kept(
    child: ProcessPoolExecutor, name: str, first: int, last: int, most: Growth
):
    found = child.submit(measure, name, first * LINKED, last * LINKED).result()
    assert found.malloc < most.malloc, found
    assert found.blocks < most.blocks, found
    assert found.resident < most.resident, found
    print(name, found)
