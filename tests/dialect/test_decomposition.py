"""Popcounts of planes and corrections against products of values, for all pairs of codes."""

import numpy as np
import pytest
from dialect_strategies import Convolution, affine_codes, convolutions, windows
from hypothesis import given
from hypothesis import strategies as st
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import AFFINE_CODES, AffineCode
from lowbit_dialect.geometry import ConvGeometry, Window
from lowbit_dialect.sums.bitserial import BitserialSums, decompose

WIDTHS = range(1, 9)
KINDS = sorted(AFFINE_CODES)
COMBINE = {"and": np.bitwise_and, "xor": np.bitwise_xor}


def popcounts(decomposition: BitserialSums, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The sum of terms for single elements: a popcount of one bit is the bit."""
    total = np.zeros(np.broadcast_shapes(x.shape, w.shape), np.int64)
    for term in decomposition.terms:
        bits = COMBINE[decomposition.combine](x >> term.x_plane & 1, w >> term.w_plane & 1)
        total += term.sign * (bits << term.exponent)
    return total


@pytest.mark.parametrize("x_kind", KINDS)
@pytest.mark.parametrize("w_kind", KINDS)
def test_every_product(x_kind: str, w_kind: str):
    """Each pair of values, on the image and (x = 0 planes, value 0) in the padding."""
    for x_bits in WIDTHS:
        for w_bits in WIDTHS:
            x_code, w_code = AFFINE_CODES[x_kind](x_bits), AFFINE_CODES[w_kind](w_bits)
            decomposition = decompose(x_code, w_code)
            x, w = np.arange(1 << x_bits)[:, None], np.arange(1 << w_bits)
            geometry = ConvGeometry(1, Window(1, 1), Window(1, 1), 1, len(w))
            correction = decomposition.correction(w[:, None, None, None], geometry)
            assert correction.shape == (1, 1, len(w))
            product = x_code.values[:, None] * w_code.values
            sums = popcounts(decomposition, x, w)
            np.testing.assert_array_equal(sums + correction[0, 0], product)
            assert np.abs(sums).max() <= decomposition.raw_bound(1)
            if not decomposition.needs_correction:
                assert not correction.any()
            # One tap in the padding before the pixel, so two classes where the code asks for them.
            padded = ConvGeometry(1, Window(1, 1, 1, 1), Window(1, 1), 1, len(w))
            correction = decomposition.correction(w[:, None, None, None], padded)
            assert len(correction) == (2 if decomposition.needs_border_classes else 1)
            in_padding = popcounts(decomposition, np.zeros((1, 1), np.int64), w)
            np.testing.assert_array_equal(in_padding + correction[0, 0], 0 * product[:1])
            np.testing.assert_array_equal(sums + correction[-1, 0], product)


@pytest.mark.parametrize("x_kind", KINDS)
@pytest.mark.parametrize("w_kind", KINDS)
def test_terms(x_kind: str, w_kind: str):
    """All pairs of planes once, by descending exponent, positive before negative."""
    for x_bits in WIDTHS:
        for w_bits in WIDTHS:
            terms = decompose(AFFINE_CODES[x_kind](x_bits), AFFINE_CODES[w_kind](w_bits)).terms
            pairs = {(term.x_plane, term.w_plane) for term in terms}
            assert len(terms) == len(pairs) == x_bits * w_bits
            keys = [(-term.exponent, -term.sign) for term in terms]
            assert keys == sorted(keys)
            assert all(term.sign in (1, -1) for term in terms)


def test_what_needs_what():
    """XNOR needs constants only, unipolar and signed pairs need nothing."""
    unipolar, bipolar, signed = (AFFINE_CODES[k](2) for k in ("unipolar", "bipolar", "signed"))
    assert not decompose(unipolar, signed).needs_correction
    assert not decompose(signed, unipolar).needs_correction
    constant = decompose(unipolar, bipolar)
    assert constant.combine == "xor"
    assert constant.needs_correction
    assert not constant.needs_border_classes
    for w_code in (unipolar, bipolar, signed):
        assert decompose(bipolar, w_code).needs_border_classes


@given(affine_codes(8), affine_codes(8), convolutions(), st.integers(0, 2**32 - 1))
def test_convolutions(x_code: AffineCode, w_code: AffineCode, conv: Convolution, seed: int):
    """Borders, strides, dilation and groups, an output at a time."""
    decomposition, geometry = decompose(x_code, w_code), conv.geometry
    rows, cols = geometry.rows, geometry.cols
    rng = np.random.default_rng(seed)
    per_group = geometry.ic // geometry.groups
    x = rng.integers(0, 1 << x_code.width, (rows.extent, cols.extent, per_group))
    w = rng.integers(0, 1 << w_code.width, (geometry.oc, rows.taps, cols.taps, per_group))
    correction = decomposition.correction(w, geometry)
    row_index, col_index = rows.classes()[1], cols.classes()[1]
    oc = int(rng.integers(geometry.oc))
    for r, c in np.ndindex(rows.out, cols.out):
        counted = product = 0
        for i, j in np.ndindex(rows.taps, cols.taps):
            row = r * rows.stride - rows.before + i * rows.dilation
            col = c * cols.stride - cols.before + j * cols.dilation
            if 0 <= row < rows.extent and 0 <= col < cols.extent:
                pixel = x[row, col]
                product += int(x_code.decode(pixel) @ w_code.decode(w[oc, i, j]))
            else:
                pixel = np.zeros(per_group, np.int64)
            counted += int(popcounts(decomposition, pixel, w[oc, i, j]).sum())
        bordered = decomposition.needs_border_classes
        where = (row_index[r], col_index[c]) if bordered else (0, 0)
        assert counted + correction[(*where, oc)] == product
        assert abs(counted) <= decomposition.raw_bound(geometry.taps)


@given(windows(12))
def test_windows(window: Window):
    """Border classes against asking each tap of each position."""
    valid = [
        tuple(
            tap
            for tap in range(window.taps)
            if 0 <= o * window.stride - window.before + tap * window.dilation < window.extent
        )
        for o in range(window.out)
    ]
    assert [tuple(window.valid_taps(o)) for o in range(window.out)] == valid
    missing = sum(window.taps - len(taps) for taps in valid)
    assert window.padded_share == missing / (window.taps * window.out)
    assert window.is_padded == (missing > 0)
    classes, index = window.classes()
    sets = [tuple(taps) for taps in classes]
    assert sets == list(dict.fromkeys(valid))
    assert [sets[i] for i in index] == valid
    assert window.class_count == len(sets)


def test_windows_of_any_extent_are_quick():
    wide = Window(2**40, 2**40, 3, 2**40 - 1, 2**40 - 1, 1)
    assert wide.padded_share == pytest.approx(0.5)
    assert wide.is_padded
    with pytest.raises(VerifyException, match="sets of taps that are not in the padding"):
        wide.runs()
    window = Window(2**40, 3, 1, 1, 1)
    assert window.class_count == 3
    assert ConvGeometry(1, window, Window(8, 1), 16, 16).is_padded
    assert not ConvGeometry(1, Window(2**40, 3), Window(8, 1), 16, 16).is_padded
