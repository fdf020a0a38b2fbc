"""Predicted cycles of kernels by popcounts."""

from __future__ import annotations

from math import ceil

from lowbit_dialect.codes import affine
from lowbit_dialect.sums.bitserial import decompose
from lowering.kernels.contraction import Contraction
from lowering.kernels.cost_model import CHAINS, row_of_tiles, step_cycles, stream_cycles
from lowering.targets import Target


def popcount_cycles(c: Contraction, pixels: int, vectors: int) -> float:
    """Cycles of the reduction by popcounts."""
    target, word = c.target, c.target.word_bits
    lanes = vectors * target.vector_bits // word
    steps = c.taps * ceil(c.channels / word) * len(decompose(affine(c.x), affine(c.w)).terms)
    operation = target.costs.popcount_steps / target.costs.throughput.vector
    if c.rows == 1 and c.geometry.cols.out <= pixels:
        return _streamed_cycles(c, c.geometry.cols.out, vectors, operation)
    row = sum(
        count
        * steps
        * (step_cycles(target, tile, vectors, operation) + _waits(target, tile, vectors))
        for count, tile in row_of_tiles(c.geometry, pixels)
    )
    return c.rows * c.blocks(lanes) * row


def _waits(target: Target, pixels: int, vectors: int) -> float:
    """Cycles of a pass of a tile of popcounts that these do not hide."""
    waits = target.costs.throughput.waits
    return waits.pixel * pixels + waits.vector * vectors + waits.step


def _streamed_cycles(c: Contraction, pixels: int, vectors: int, operation: float) -> float:
    """Cycles of popcounts in a single tile a block, which wait for the weights.

    Each plane of the weights comes once from where all of them lie, and then for every other plane
    of x from where those of a block do.
    """
    target, word = c.target, c.target.word_bits
    lanes, planes = vectors * target.vector_bits // word, c.w.width
    steps, terms = c.taps * ceil(c.channels / word), len(decompose(affine(c.x), affine(c.w)).terms)
    counts = operation * max(pixels * vectors, CHAINS) + target.costs.throughput.waits.step
    block = steps * lanes * word // 8 * planes
    first = max(counts, vectors * stream_cycles(block * c.blocks(lanes), 8, target))
    is_near = block <= target.costs.l1_bytes * 3 // 4
    again = counts if is_near else max(counts, vectors * stream_cycles(block, 8, target))
    return c.blocks(lanes) * steps * (planes * first + (terms - planes) * again)
