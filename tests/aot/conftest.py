from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from lowering.targets import Target, get_target
from runtime.aot.bundle import make_bundle
from runtime.aot.library import Library, build_library
from runtime.source import parse_module
from tests.cli.conftest import Lowbit, lowbit
from tests.tools import needed

__all__ = ["Lowbit", "lowbit"]

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits.mlir"

PACKED = "tensor<3x20x!lowbit.signed<3>, #lowbit.packed<axis = 1, word = i16, order = [p, 0, 1]>>"

TENSORS = {
    "tensor<2x3x!lowbit.unipolar<3>>": np.array([[0, 1, 2], [5, 6, 7]], np.int64),
    "tensor<4x!lowbit.unipolar<8>>": np.array([0, 127, 128, 255], np.uint16),
    "tensor<4x!lowbit.bipolar<2>>": np.array([-3, -1, 1, 3], np.int8),
    "tensor<3x!lowbit.bipolar<8>>": np.array([-255, 1, 255], np.int16),
    "tensor<4x!lowbit.signed<4>>": np.array([-8, -1, 0, 7], np.int32),
    "tensor<4x!lowbit.codebook<2, [-7, 300, 2, 9]>>": np.array([300, -7, 9, 2], np.int64),
    PACKED: np.arange(18, dtype=np.uint16).reshape(3, 3, 2) % 16,
    "tensor<4xi1>": np.array([True, False, False, True]),
    "tensor<2xi8>": np.array([-128, 127], np.int64),
    "tensor<2x1xi16>": np.array([[-32768], [32767]], np.int16),
    "tensor<i32>": np.array(-5, np.int64),
    "tensor<2xi64>": np.array([-(2**63), 2**63 - 1]),
    "tensor<3xindex>": np.array([0, 1, 2**40], np.uint64),
    "tensor<2xf32>": np.array([0.1, -np.inf], np.float32),
    "tensor<2xf64>": np.array([0.1, 1e300]),
}
"""Every kind of element that a function may take, and an array of it."""


def copies(types: Sequence[str]) -> str:
    """A module whose function gives back its arguments."""
    arguments = ", ".join(f"%a{i}: {type_}" for i, type_ in enumerate(types))
    values = ", ".join(f"%a{i}" for i in range(len(types)))
    return (
        f"func.func @main({arguments}) -> ({', '.join(types)}) {{\n"
        f"  return {values} : {', '.join(types)}\n}}\n"
    )


def library_of(text: str, name: str, target: str = "host") -> Library:
    """The library of a module."""
    return build_library(parse_module(text), name, f"{name}.mlir", get_target(target))


def write_bundle(library: Library, folder: Path) -> None:
    """Write all files of a library."""
    for name, made in make_bundle(library).files.items():
        (folder / name).write_bytes(made.content)


def tool(find: Callable[[Target], tuple[str, ...]], target: str) -> tuple[str, ...]:
    """A tool for a target; without it the test is skipped, with how to get it."""
    return needed(lambda: find(get_target(target)))


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One cache for all tests of a process, and nobody else's."""
    monkeypatch.setenv("LOWBIT_CACHE", str(tmp_path_factory.getbasetemp() / "lowbit-cache"))
