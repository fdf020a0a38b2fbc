"""The interface of a peer, and how its results are judged.

A candidate of a peer is called `library_arithmetic_variant`, for example `ort_i8_nhwc`; the
arithmetic is one of `ARITHMETIC`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.case import Case
from runtime.measure.candidate import Candidate, Source

ARITHMETIC = {
    "i8": "int8",
    "f32": "fp32",
    "bin": "binary kernel",
    "w2a8": "2-bit weights",
    "w4a8": "4-bit weights",
}
"""What the middle of a name stands for. Weights of few bits come in blocks with a scale, between
f32 inputs and outputs, activations quantised to 8 bits inside; the binary kernel is a convolution
of 1-bit activations and weights, without the rest of its call."""


class Peer(Source):
    """A library to compare with."""

    package: str
    """What is imported."""
    distribution: str
    """What is installed, by its name in the package index."""
    also_needs: tuple[str, ...] = ()
    """Packages that models are made with."""

    def missing(self) -> str | None:
        """A line that says what is not installed and how to install it, or None."""
        absent = [p for p in (self.package, *self.also_needs) if not _is_installed(p)]
        if not absent:
            return None
        return (
            f"{self.name} is skipped: no package {absent[0]} here;"
            " pip install 'lowbit[bench]' installs it"
        )

    def version(self) -> str:
        """The installed version."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return "unknown"


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ModuleNotFoundError, ValueError):
        return False


def arithmetic_of(name: str) -> str:
    """The arithmetic in a candidate's name."""
    return name.split("_")[1]


def judged(
    candidate: Candidate, case: Case, result: Callable[[], NDArray], kind: str, check: bool
) -> Candidate:
    """The candidate with a verdict on its result.

    Args:
        candidate: what is judged; it is run once.
        case: the layer and its data.
        result: reads the result of the last run, with channels last.
        kind: `levels` for 8-bit results, `sums` for integer ones, `floats` for f32.
        check: whether to judge at all.
    """
    if check:
        candidate.run()
        got = result().reshape(case.sums.shape)
        candidate.verdict = "right" if _agrees(got, case, kind) else "wrong"
    return candidate


def _agrees(got: NDArray, case: Case, kind: str) -> bool:
    if kind == "sums":
        return bool(np.array_equal(got, case.sums))
    if kind == "levels":
        # Libraries round halves and scale in different ways: one level is no error.
        return int(np.abs(got.astype(np.int64) - case.levels).max()) <= 1
    scale = float(np.abs(case.sums).max())
    return float(np.abs(got - case.sums).max()) <= _FLOAT_ERROR * scale


_FLOAT_ERROR = 1e-4
"""Largest error of f32, in parts of the largest result: the order of a sum is the library's."""
