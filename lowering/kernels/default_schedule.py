"""The schedule of a kernel where no measurement says better: the cheapest by the cost model."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod

from lowbit_dialect.codes import Code, affine
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.level_product import BYTES_PER_WORD, LevelProduct
from lowbit_dialect.product_table import ProductTable
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.cost_model import (
    Contraction,
    looks_up_in_registers,
    predict_cycles,
)
from lowering.kernels.dot_words import dot_words
from lowering.kernels.narrow_dot_cost import BODY_WORDS, narrow_registers
from lowering.kernels.skipped_share import default_skip
from lowering.targets import Target

MAX_PIXELS = 8
MAX_UNROLLED = 16
"""Popcounts or dot products in a body with unrolled loops.

A tile that fills the ports gains nothing by it; longer bodies are even slower, as if they came
decoded less often (4x4 popcounts, two words of them unrolled: 637 MAC a cycle instead of 661)."""


MAX_UNROLLED_BODIES = 8
"""The same for tiles of words of one or two bytes, each body of which is for many words."""

REGISTERS_AROUND = 6
"""Vector registers that a tile of such words must leave where no loop is left of it: LLVM then
mixes it with the epilogue."""

BYTE_STRATEGIES = ("dot", "product_lut")
"""The strategies whose operands are words of bytes."""


def word_bytes(strategy: str, codes: tuple[Code, Code], target: Target) -> int:
    """Bytes of a word of a strategy of words of bytes, for the codes of x and w."""
    return dot_words(codes, target).size if strategy == "dot" else BYTES_PER_WORD


def body_words(strategy: str, codes: tuple[Code, Code], target: Target) -> int:
    """Words of x that a body of the innermost loop of a strategy is for."""
    is_narrow = strategy == "dot" and word_bytes(strategy, codes, target) < BYTES_PER_WORD
    return BODY_WORDS if is_narrow else 1


def kernel_lanes(target: Target, strategy: str = "bitserial") -> int:
    """Output channels in a vector of sums."""
    word_bits = target.word_bits if strategy == "bitserial" else 32
    return target.vector_bits // word_bits


def tile_registers(
    target: Target, strategy: str, pixels: int, vectors: int, codes: tuple[Code, Code]
) -> int:
    """Vector registers that a tile needs in its innermost loop; `codes` are those of x and w."""
    if strategy == "lut":
        vectors //= 4
        indices = 2 if target.shifts_bytes else 1  # loads come early where there is room
        return 3 * pixels * vectors + indices * vectors + 2
    beside = target.popcount_registers if strategy == "bitserial" else 2
    if strategy == "dot" and target.dot_form.by_lane:
        words, product = dot_words(codes, target), LevelProduct(affine(codes[0]), affine(codes[1]))
        if words.size < BYTES_PER_WORD:
            return narrow_registers(product, words, (pixels, vectors))
        beside = pixels
    return pixels * vectors + vectors + beside


def tiles(target: Target, strategy: str, codes: tuple[Code, Code]) -> Iterator[tuple[int, int]]:
    """(pixels, vectors) of the register tiles that fit a target's registers.

    The vectors of a tile make 8 to 64 channels, for tables one or two vectors of bytes. The least
    tile of all is there even where it does not fit.
    """
    lanes = kernel_lanes(target, strategy)
    if strategy == "lut":
        widths = (4, 8)
    else:
        widths = tuple(v for v in (1, 2, 4, 8) if lanes * v in (8, 16, 32, 64))
    widths = widths or (max(1, 8 // lanes),)
    most = MAX_PIXELS
    if strategy == "dot" and target.dot_form.by_lane:
        most = min(most, target.lane_registers)
    for vectors in widths:
        for pixels in range(1, most + 1):
            needed = tile_registers(target, strategy, pixels, vectors, codes)
            if needed <= target.vector_registers or (pixels, vectors) == (1, widths[0]):
                yield pixels, vectors


def best_tile(contraction: Contraction, strategy: str) -> tuple[float, tuple[int, int]]:
    """The predicted cycles and the tile of the cheapest schedule of a strategy."""
    return min(
        (
            (predict_cycles(contraction, strategy, *tile), tile)
            for tile in tiles(contraction.target, strategy, (contraction.x, contraction.w))
        ),
        key=lambda found: (found[0], prod(found[1])),
    )


def default_schedule(
    geometry: ConvGeometry, x: Code, w: Code, target: Target, strategy: str
) -> ScheduleAttr:
    """The tile with the least predicted cycles that fits the target's registers."""
    contraction = Contraction(geometry, x, w, target)
    _, tile = best_tile(contraction, strategy)
    weights = geometry.taps * geometry.oc * (8 if strategy in BYTE_STRATEGIES else w.width) // 8
    order = "rows" if weights <= target.l1_bytes // 2 else "channels"
    skip = default_skip(geometry, x, w, strategy, *tile)
    return ScheduleAttr.get(*tile, _unroll(contraction, strategy, tile), order, skip)


def _unroll(contraction: Contraction, strategy: str, tile: tuple[int, int]) -> int:
    """How many of the reduction loops are unrolled, the innermost first."""
    geometry, target = contraction.geometry, contraction.target
    codes = contraction.x, contraction.w
    if strategy == "lut":
        return 1
    if strategy == "product_lut" and not looks_up_in_registers(ProductTable(*codes), target):
        return 0  # lanes are unrolled instead
    if strategy in ("bitserial", "dot") and target.spills_long_bodies:
        return 0  # a pass takes several words already
    is_bytes = strategy in BYTE_STRATEGIES
    word_elements = word_bytes(strategy, codes, target) if is_bytes else target.word_bits
    together = body_words(strategy, codes, target)
    limit = MAX_UNROLLED // prod(tile) if together == 1 else MAX_UNROLLED_BODIES
    passes = ceil(ceil(contraction.channels / word_elements) / together)
    trips = (passes, geometry.cols.taps, geometry.rows.taps)
    needed = tile_registers(target, strategy, *tile, codes)
    needs_loop = together > 1 and needed + REGISTERS_AROUND > target.vector_registers
    unroll = 0
    for depth in range(1, len(trips) + 1):
        has_loop = prod(trips[:depth]) < prod(trips)
        if prod(trips[:depth]) <= limit and (has_loop or not needs_loop):
            unroll = depth
    return unroll
