"""What tiles of words of one or two bytes take: registers and cycles."""

from __future__ import annotations

from lowbit_dialect.sums.dot import DotSums
from lowering.strategies.dot.dot_words import DotWords
from lowering.targets import Target

BODY_WORDS = 16
"""Words of x that a body of the innermost loop is for: fewer passes, in which cores that execute in
order wait for the first words, and the last sums for them."""
ROUND_TRIP = 2.0
"""Cycles that a core loses that executes in order, where loads come after multiplications."""


def widens_in_body(product: DotSums, words: DotWords) -> bool:
    """Whether i16 holds so few products that each body of a loop adds to i32."""
    return product.i16_words(words.size, words.holds == "levels") < BODY_WORDS


def run_words(words: DotWords, target: Target) -> int:
    """Words of x that fill a vector."""
    return target.vector_bits // words.word_bits


def narrow_registers(product: DotSums, words: DotWords, tile: tuple[int, int]) -> int:
    """Vector registers of a tile of (pixels, vectors of i32 sums), in its innermost loop.

    Sums in i16; those that products of digits are added up in, or those in i32, where there are
    such; a vector of words of each pixel; the words of w of a step, and of the next one.
    """
    pixels, vectors = tile
    sums = pixels * vectors // 2
    if words.size == 2:
        return 2 * sums + pixels + vectors
    if widens_in_body(product, words):
        sums += pixels * vectors
    return sums + pixels + vectors // 2 + 1


def narrow_step_cycles(
    product: DotSums, words: DotWords, tile: tuple[int, int], target: Target
) -> float:
    """Cycles of a tile of (pixels, vectors of i32 sums) for a word of each pixel."""
    pixels, vectors = tile
    throughput = target.costs.throughput
    run, lanes_of_i16 = run_words(words, target), pixels * vectors / 2
    multiplications = lanes_of_i16 / (
        throughput.multiply if words.size == 2 else throughput.widening_multiply
    )
    loads = (vectors / 4 * words.size + pixels / run) / throughput.loads
    if words.size == 2:
        others = lanes_of_i16 / min(product.digit_words, run)
    else:
        others = float(pixels)  # a word of x in all lanes is an operation of its own
        if widens_in_body(product, words):
            steps = product.i16_words(words.size, words.holds == "levels")
            others += 2 * lanes_of_i16 / steps
    others /= throughput.vector
    if throughput.in_order:
        return multiplications + others + loads + ROUND_TRIP * words.size / run
    return max(multiplications, others + lanes_of_i16 / throughput.vector, loads)
