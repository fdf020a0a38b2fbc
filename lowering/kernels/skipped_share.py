"""Which taps in the padding a kernel should skip, and what share of the taps is left."""

from __future__ import annotations

from math import ceil

from lowbit_dialect.codes import Code
from lowbit_dialect.geometry import ConvGeometry

MIN_SKIPPED = 0.01
"""Share of the taps in the padding, by rows or by columns, from which on skipping them pays."""

SKIPPING = ("bitserial", "dot")
"""The strategies that can skip taps."""

MAX_BORDER_BODY = 100
"""Popcounts or dot products that the tiles with padded columns may add to the code."""


def default_skip(
    geometry: ConvGeometry,
    x: Code,
    w: Code,
    strategy: str,
    pixels: int,
    vectors: int,
) -> str:
    """The taps to skip (`ScheduleAttr.skip`): those that are many enough and cost little code."""
    if strategy not in SKIPPING:
        return "none"
    rows, cols = geometry.rows, geometry.cols
    passes = 1 if strategy == "dot" else x.width + w.width - 1
    tiles, first = 0, 0
    for taps, end in cols.runs():
        if len(taps) < cols.taps:
            tiles += ceil(end / pixels) - first // pixels
        first = end
    added = tiles * passes * pixels * vectors
    if cols.padded_share >= MIN_SKIPPED and added <= MAX_BORDER_BODY:
        return "all"
    return "rows" if rows.padded_share >= MIN_SKIPPED else "none"


def executed_share(geometry: ConvGeometry, skip: str) -> float:
    """Share of the taps that a kernel executes that skips so."""
    rows = 0.0 if skip == "none" else geometry.rows.padded_share
    cols = geometry.cols.padded_share if skip == "all" else 0.0
    return (1 - rows) * (1 - cols)
