"""Sums of table entries against brute force: the formula, and bounds that no sum leaves."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from lowbit_dialect.codes import AFFINE_CODES, AffineCode, BipolarType, SignedType, UnipolarType
from lowbit_dialect.sums.bitserial import decompose
from lowbit_dialect.sums.lut import LutSums

PAIRS = [
    (AFFINE_CODES[x](x_bits), AFFINE_CODES[w](w_bits))
    for x, w in product(sorted(AFFINE_CODES), repeat=2)
    for x_bits, w_bits in product(range(1, 9), repeat=2)
]
TAKEN = [pair for pair in PAIRS if LutSums.of(*pair, 4).why_not is None]


def bits_of(code: AffineCode) -> NDArray[np.int64]:
    """The bits of every pattern."""
    return np.arange(1 << code.width)[:, None] >> np.arange(code.width) & 1


def entries_of(sums: LutSums, x: AffineCode, w: AffineCode) -> NDArray[np.int64]:
    """v(x, bit) of every pattern of x, for the bits of every plane of every pattern of w."""
    level = bits_of(x) @ (1 << np.arange(x.width))
    most = (1 << x.width) - 1
    is_and = sums.decomposition.combine == "and"
    of_bit = np.stack([0 * level if is_and else level, level if is_and else most - level], 1)
    return of_bit[:, bits_of(w)]


@pytest.mark.parametrize(("x", "w"), TAKEN, ids=str)
def test_entries_make_the_raw_sum_of_each_pair_of_patterns(x: AffineCode, w: AffineCode):
    """Of a decomposition into popcounts of pairs of planes, for which it is another order."""
    sums, parts = LutSums.of(x, w, 4), decompose(x, w)
    x_bits, w_bits = bits_of(x), bits_of(w)
    expected = np.zeros((len(x_bits), len(w_bits)), np.int64)
    for term in parts.terms:
        a, b = x_bits[:, None, term.x_plane], w_bits[None, :, term.w_plane]
        count = a & b if parts.combine == "and" else a ^ b
        expected += term.sign * (count << term.exponent)
    entries = entries_of(sums, x, w)
    assert entries.max() == sums.max_value
    found = sum(term.sign * (entries[..., term.w_plane] << term.exponent) for term in sums.w_terms)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("x", "w"), TAKEN, ids=str)
def test_sums_reach_their_bounds_and_no_further(x: AffineCode, w: AffineCode):
    """The sum, or its magnitude, of the worst patterns, taken as often as there are elements."""
    sums = LutSums.of(x, w, 4)
    entries = entries_of(sums, x, w)
    sign = -1 if sums.is_negative else 1
    of_pair = sign * sum(
        term.sign * (entries[..., term.w_plane] << term.exponent) for term in sums.w_terms
    )
    # Every partial sum over the planes has to fit too: those of one sign alone are the extremes.
    parts = [
        sign * term.sign * (entries[..., term.w_plane] << term.exponent) for term in sums.w_terms
    ]
    low = sum(np.minimum(part, 0).min() for part in parts)
    high = sum(np.maximum(part, 0).max() for part in parts)
    for elements in (1, 9, 64):
        assert sums.sum_elements(elements) == (elements * low, elements * high)
    assert low <= np.min(of_pair) <= np.max(of_pair) <= high


@pytest.mark.parametrize(("x", "w"), TAKEN, ids=str)
def test_the_most_elements_that_16_bits_hold(x: AffineCode, w: AffineCode):
    sums = LutSums.of(x, w, 4)
    low, high = sums.sum_elements(1)
    kind = np.iinfo(np.int16 if low < 0 else np.uint16)
    most = kind.max // high if high else 0
    if low < 0:
        most = min(most or -kind.min, kind.min // low)
    assert sums.fits_16_bits(most)
    assert not sums.fits_16_bits(most + 1)


@pytest.mark.parametrize("bits", [4, 6])
@pytest.mark.parametrize("x_bits", range(1, 9))
def test_saturated_entries_fill_a_byte_after_that_many_steps(x_bits: int, bits: int):
    sums = LutSums.of(UnipolarType(x_bits), BipolarType(1), bits)
    entry = bits * (2**x_bits - 1)
    assert sums.byte_steps * entry <= 255 < (sums.byte_steps + 1) * entry
    assert sums.nibble_steps * entry <= 15 < (sums.nibble_steps + 1) * entry
    assert (sums.why_not is None) == (entry <= 255)


def test_byte_steps_of_the_usual_pairs():
    steps = [LutSums.of(UnipolarType(a), BipolarType(1), 6).byte_steps for a in range(1, 6)]
    assert steps == [42, 14, 6, 2, 1]


@pytest.mark.parametrize("w", [UnipolarType(1), BipolarType(2), SignedType(3)], ids=str)
def test_signed_activations_make_no_tables(w: AffineCode):
    why_not = LutSums.of(SignedType(2), w, 4).why_not
    assert why_not == "tables of partial sums take unipolar and bipolar activations"


def test_a_sum_that_no_byte_holds():
    why_not = LutSums.of(UnipolarType(6), BipolarType(1), 6).why_not
    assert why_not == "6 activations of 6 bits sum to 378, more than a byte of a table holds"


@pytest.mark.parametrize(
    ("channels", "bits", "count"),
    [
        (1, 6, 1),
        (6, 6, 1),
        (7, 6, 2),
        (64, 6, 11),
        (65, 6, 11 + 1),
        (130, 6, 11 + 11 + 1),
        (64, 4, 16),
        (69, 4, 16 + 2),
        (10**15, 6, 10**15 // 64 * 11),
    ],
)
def test_index_count(channels: int, bits: int, count: int):
    assert LutSums.of(UnipolarType(2), BipolarType(1), bits).index_count(channels) == count
