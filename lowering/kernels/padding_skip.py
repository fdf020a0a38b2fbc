"""Which taps in the padding a kernel should skip, and what share of the taps is left."""

from __future__ import annotations

from math import ceil

from lowbit_dialect.geometry import MAX_CHANGES, ConvGeometry, Window
from lowbit_dialect.schedule import SKIPS

MIN_SKIPPED = 0.01
"""Share of the taps in the padding, by rows or by columns, from which on skipping them pays."""

MAX_BORDER_BODY = 100
"""Popcounts or dot products that the tiles with padded columns may add to the code."""


def default_skip(geometry: ConvGeometry, passes: int, pixels: int, vectors: int) -> str:
    """The taps to skip (`ScheduleAttr.skip`): those that are many enough and cost little code.

    `passes` is how often the code of a tile repeats its products, in loops over planes.
    """
    rows, cols = geometry.rows, geometry.cols
    added, tiles = 0, passes * pixels * vectors
    if cols.change_count <= MAX_BORDER_BODY:
        first = 0
        for taps, end in cols.runs():
            if len(taps) < cols.taps:
                added += (ceil(end / pixels) - first // pixels) * tiles
            first = end
    is_short = cols.change_count <= MAX_BORDER_BODY and added <= MAX_BORDER_BODY
    if cols.padded_share >= MIN_SKIPPED and is_short:
        return "all"
    is_possible = rows.change_count <= MAX_CHANGES
    return "rows" if rows.padded_share >= MIN_SKIPPED and is_possible else "none"


def skip_values(geometry: ConvGeometry) -> list[str]:
    """What there is to skip: rows of taps in the padding, columns of them too."""
    rows, cols = geometry.rows, geometry.cols
    are_padded = {"none": True, "rows": rows.padded_share > 0, "all": cols.padded_share > 0}
    return [skip for skip in SKIPS if are_padded[skip]]


def border_tiles(cols: Window, pixels: int) -> tuple[int, int]:
    """Whole tiles of a row with columns of taps beside the image: those on the left, on the right.

    One with both is on the left.
    """
    width, whole = pixels * cols.stride, cols.out // pixels
    left = min(whole, ceil(cols.before / width))
    # A tile has taps up to this column behind its first one.
    reach = (pixels - 1) * cols.stride + (cols.taps - 1) * cols.dilation
    first = max(left, (cols.extent + cols.before - 1 - reach) // width + 1)
    return left, max(0, whole - first)


def executed_share(geometry: ConvGeometry, skip: str) -> float:
    """Share of the taps that a kernel executes that skips so."""
    rows = 0.0 if skip == "none" else geometry.rows.padded_share
    cols = geometry.cols.padded_share if skip == "all" else 0.0
    return (1 - rows) * (1 - cols)
