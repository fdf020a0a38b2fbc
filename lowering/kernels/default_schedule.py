"""The schedule of a kernel where no measurement says better."""

from __future__ import annotations

from math import ceil, prod

from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.level_product import BYTES_PER_WORD
from lowbit_dialect.ops.tile import TILE_WORDS
from lowbit_dialect.schedule import ScheduleAttr
from lowering.targets import Target

MAX_PIXELS = 8
MAX_UNROLLED = (64, 16, 16)
"""Popcounts or dot products in a body unrolled over channel words, over kw too, over kh too.

Unrolling saves little where the tile fills the ports; it pays in compile time."""


def kernel_word_bits(target: Target) -> int:
    """Word width of the kernels: the target's, where its lanes hold every sum."""
    return target.word_bits if target.word_bits in TILE_WORDS else TILE_WORDS[0]


def kernel_lanes(target: Target, strategy: str = "bit_serial") -> int:
    """Words in a vector of the target."""
    word_bits = 8 * BYTES_PER_WORD if strategy == "dot" else kernel_word_bits(target)
    return target.vector_bits // word_bits


def _tile_cycles(pixels: int, vectors: int, step_cycles: float) -> float:
    """Cycles of one reduction step: that of all accumulators, or 2 loads a cycle.

    A tile below 8 accumulators waits for the latency of its own chains (and, popcount, add, or a
    dot product).
    """
    return max(step_cycles * pixels * vectors, (pixels + vectors) / 2, 4.0)


def layer_cycles(
    geometry: ConvGeometry,
    pixels: int,
    vectors: int,
    lanes: int,
    step_cycles: float,
    loop_cycles: float,
) -> float:
    """Cycles of all tiles of a row, per reduction step, with the lanes that hold no channel.

    `loop_cycles` is what a step costs besides: the many steps of a dot product are a loop.
    """
    whole, rest = divmod(geometry.cols.out, pixels)
    row = whole * (_tile_cycles(pixels, vectors, step_cycles) + loop_cycles)
    row += _tile_cycles(rest, vectors, step_cycles) + loop_cycles if rest else 0
    return row * ceil(geometry.oc / geometry.groups / (lanes * vectors))


def default_schedule(
    geometry: ConvGeometry, w_bits: int, target: Target, strategy: str = "bit_serial"
) -> ScheduleAttr:
    """The tile with the least estimated cycles that fits the target's registers."""
    lanes = kernel_lanes(target, strategy)
    step_cycles, loop_cycles, word_elements = 0.75, 0.0, kernel_word_bits(target)
    if strategy == "dot":
        form = target.dot_form
        step_cycles = (form.i16_operations or form.operations) / form.rate
        loop_cycles, word_elements, w_bits = 1.0, BYTES_PER_WORD, 8
    tiles = [
        (pixels, vectors)
        for vectors in (1, 2, 4, 8)
        if lanes * vectors in (8, 16, 32, 64)
        for pixels in range(1, MAX_PIXELS + 1)
        if pixels * vectors + vectors + 2 <= target.vector_registers or (pixels, vectors) == (1, 1)
    ] or [(1, max(1, 8 // lanes))]
    pixels, vectors = min(
        tiles,
        key=lambda t: (layer_cycles(geometry, *t, lanes, step_cycles, loop_cycles), t[0] * t[1]),
    )
    words = ceil(geometry.ic / geometry.groups / word_elements)
    trips = (words, geometry.cols.taps, geometry.rows.taps)
    unroll = 0
    for depth, limit in enumerate(MAX_UNROLLED, 1):
        if pixels * vectors * prod(trips[:depth]) <= limit:
            unroll = depth
    weights = geometry.taps * geometry.oc * w_bits // 8
    order = "rows" if weights <= target.l1_bytes // 2 else "channels"
    return ScheduleAttr.get(pixels, vectors, unroll, order)
