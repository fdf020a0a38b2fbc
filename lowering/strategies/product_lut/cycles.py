"""Predicted cycles of kernels by tables of products."""

from __future__ import annotations

from math import ceil

from lowbit_dialect.sums.dot import BYTES_PER_WORD
from lowbit_dialect.sums.product_lut import ProductLutSums
from lowering.kernels.contraction import Contraction
from lowering.kernels.cost_model import LOOP_CYCLES, row_of_tiles, step_cycles
from lowering.targets import Target

LOOKUP_BITS = {"avx512vbmi": 8, "ssse3": 6, "neon": 6}
"""Bits of the index of the largest table that pays in registers, by the feature that looks up."""
MEMORY_LOOKUP_OPERATIONS = 7
"""Operations of a pair of lookups in memory: their index, its halves, two loads, two additions."""
MEMORY_LOOKUP_CYCLES = 1.0
"""What a pair of loads from the second cache, where such tables lie, costs beside."""


def looks_up_in_registers(product: ProductLutSums, target: Target) -> bool:
    """Whether a target keeps a table of products in vector registers, or else in memory."""
    bits = next((bits for feature, bits in LOOKUP_BITS.items() if target.has(feature)), 0)
    return product.index_bits <= bits


def _lookup_operations(product: ProductLutSums, target: Target) -> int:
    """Vector operations of a lookup in all parts of a table."""
    entries = 128 if target.has("avx512vbmi") else target.architecture.lookup_entries
    shuffles = ceil((1 << product.index_bits) / entries)
    # Shuffles of pieces of the table, a choice by a bit of the index between each two, two
    # operations, and a mask.
    return len(product.register_tables) * (3 * shuffles - 2 + (shuffles > 1))


def product_cycles(c: Contraction, pixels: int, vectors: int, in_registers: bool) -> float:
    """Cycles of the reduction by lookups of products."""
    target, product = c.target, ProductLutSums(c.x, c.w)
    steps = c.taps * ceil(c.channels / BYTES_PER_WORD)
    if not in_registers:
        lanes = vectors * target.vector_bits // 32
        words = c.rows * c.geometry.cols.out * c.blocks(lanes) * lanes * steps
        issue = MEMORY_LOOKUP_OPERATIONS / target.costs.throughput.issue
        return words * (issue + MEMORY_LOOKUP_CYCLES)
    parts = len(product.register_tables)
    # The join, lookups, an addition a part; from time to time a dot product with ones a part.
    operations = 1 + _lookup_operations(product, target) + parts
    widening = parts * target.costs.dot.operations / target.costs.dot.rate / product.byte_steps
    operation = operations / target.costs.throughput.vector + widening
    row = sum(
        count * steps * (step_cycles(target, tile, vectors, operation) + LOOP_CYCLES / 2)
        for count, tile in row_of_tiles(c.geometry, pixels)
    )
    return c.rows * c.blocks(vectors * target.vector_bits // 32) * row
