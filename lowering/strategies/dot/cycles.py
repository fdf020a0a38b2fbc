"""Predicted cycles of kernels by dot products of bytes."""

from __future__ import annotations

from math import ceil

from lowbit_dialect.codes import affine
from lowbit_dialect.sums.dot import BYTES_PER_WORD, DotSums
from lowering.kernels.contraction import Contraction
from lowering.kernels.cost_model import LOOP_CYCLES, row_of_tiles
from lowering.strategies.dot.dot_words import words_of
from lowering.strategies.dot.narrow_dot_cost import narrow_step_cycles, run_words
from lowering.strategies.dot.weight_storage import vector_cycles


def dot_cycles(c: Contraction, pixels: int, vectors: int, bits: int) -> float:
    """Cycles of the reduction by dot products of bytes; a weight takes `bits` in memory."""
    target, product = c.target, DotSums(affine(c.x), affine(c.w))
    lanes = vectors * target.vector_bits // (8 * BYTES_PER_WORD)
    words = words_of(c)
    steps = c.taps * ceil(c.channels / words.size)
    run = run_words(words, target) if target.dot_form.by_lane else 1

    def step(tile: int) -> float:
        loop = LOOP_CYCLES / 2 * bits / 8 / run
        if words.size < BYTES_PER_WORD:
            return narrow_step_cycles(product, words, (tile, vectors), target) + loop
        of_vector = vector_cycles(product, bits, c.geometry, (tile, vectors), target)
        loads = (tile / run + vectors * bits / 8) / target.costs.throughput.loads
        return max(of_vector * vectors, loads) + loop

    row = sum(count * steps * step(tile) for count, tile in row_of_tiles(c.geometry, pixels))
    return c.rows * c.blocks(lanes) * row
