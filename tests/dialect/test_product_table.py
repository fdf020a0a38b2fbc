"""Tables of products: entries, what bytes can sum of them, and the corrections of sums."""

from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowbit_dialect.codes import Code, CodebookType, parse_code
from lowbit_dialect.sums.product_lut import ProductLutSums
from tests.dialect.dialect_strategies import Convolution, affine_codes, codebooks, convolutions


@st.composite
def tables(draw: st.DrawFn) -> ProductLutSums:
    any_code = st.one_of(affine_codes(4), codebooks(), wide_codebooks())
    return ProductLutSums(draw(any_code), draw(any_code))


@st.composite
def wide_codebooks(draw: st.DrawFn) -> CodebookType:
    bits = draw(st.integers(1, 4))
    values = st.integers(-(2**15), 2**15)
    entries = st.lists(values, min_size=1 << bits, max_size=1 << bits, unique=True)
    return CodebookType(bits, draw(entries))


def levels(code: Code) -> list[int]:
    return sorted(code.values.tolist())


@given(tables())
def test_entries(table: ProductLutSums):
    """Parts put together are products and the offset; bytes hold the sums that are promised."""
    parts = table.register_tables.astype(np.int64)
    shifts = table.part_bits * np.arange(len(parts))[:, None]
    entries = (parts << shifts).sum(axis=0)
    for w, w_value in enumerate(levels(table.w)):
        for x, x_value in enumerate(levels(table.x)):
            entry = w_value * (x_value - table.center) + table.offset
            index = w << table.x.width | x
            assert entries[index] == entry >= 0
            assert table.entries_of(np.array([index]))[0] == entry
    assert parts.shape[1] >= max(16, 1 << table.index_bits)
    assert table.byte_steps >= 1
    assert table.byte_steps * parts.max() <= 255 < (table.byte_steps + 1) * max(1, parts.max())
    assert parts.max() < 1 << table.part_bits


@given(tables(), st.integers(0, 2**32 - 1))
def test_sums_of_two(table: ProductLutSums, seed: int):
    rng = np.random.default_rng(seed)
    pairs = rng.integers(0, 1 << table.index_bits, (20, 2))
    sums = table.entries_of(pairs).sum(axis=1)
    np.testing.assert_array_equal(table.memory_table[pairs[:, 0] | pairs[:, 1] << 8], sums)
    assert table.memory_bits == 32 or 0 <= sums.max() < 1 << table.memory_bits


@given(st.one_of(affine_codes(4), codebooks()), st.one_of(affine_codes(4), codebooks()))
def test_center(x: Code, w: Code):
    """No other center makes the range of products smaller."""
    table = ProductLutSums(x, w)
    spreads = [
        np.ptp(np.multiply.outer(w.values, x.values - center))
        for center in range(x.min_value, x.max_value + 1)
    ]
    assert np.ptp(table.products) == min(spreads)


@given(tables(), convolutions(), st.integers(0, 2**32 - 1))
def test_convolutions(table: ProductLutSums, conv: Convolution, seed: int):
    """Borders, ragged words, strides, dilation and groups, an output at a time."""
    geometry = conv.geometry
    rows, cols = geometry.rows, geometry.cols
    rng = np.random.default_rng(seed)
    per_group = geometry.ic // geometry.groups
    filled = 4 * ceil(per_group / 4)
    x = np.zeros((rows.extent, cols.extent, filled), np.int64)
    x[..., :per_group] = rng.integers(0, 1 << table.x.width, x[..., :per_group].shape)
    w = np.zeros((geometry.oc, rows.taps, cols.taps, filled), np.int64)
    w[..., :per_group] = rng.integers(0, 1 << table.w.width, w[..., :per_group].shape)
    w_levels, x_levels = np.array(levels(table.w)), np.array(levels(table.x))
    patterns = table.w.patterns_by_level[w[..., :per_group]]
    correction = table.correction(patterns, geometry)
    oc = int(rng.integers(geometry.oc))
    for r, c in np.ndindex(rows.out, cols.out):
        looked_up = product = 0
        for i, j in np.ndindex(rows.taps, cols.taps):
            row = r * rows.stride - rows.before + i * rows.dilation
            col = c * cols.stride - cols.before + j * cols.dilation
            pixel = np.zeros(filled, np.int64)
            if 0 <= row < rows.extent and 0 <= col < cols.extent:
                pixel = x[row, col]
                values = x_levels[pixel[:per_group]]
                product += int(values @ w_levels[w[oc, i, j, :per_group]])
            looked_up += int(table.entries_of(w[oc, i, j] << table.x.width | pixel).sum())
        where = (rows.classes()[1][r], cols.classes()[1][c])
        if not table.needs_border_classes:
            where = (0, 0)
        assert (looked_up + int(correction[(*where, oc)]) - product) % 2**32 == 0
        bound = table.raw_bound(geometry.taps)
        assert 0 <= looked_up <= bound
        if bound <= 2**31 - 1:
            assert looked_up + int(correction[(*where, oc)]) == product
            assert looked_up <= table.raw_range(geometry.taps)[1]
        if not table.needs_correction:
            assert looked_up == product


@pytest.mark.parametrize(
    ("x", "w", "steps"),
    [
        ("unipolar<2>", "signed<2>", 42),
        ("unipolar<2>", "unipolar<2>", 28),
        ("signed<3>", "signed<3>", 9),
    ],
)
def test_steps(x: str, w: str, steps: int):
    assert ProductLutSums(parse_code(x), parse_code(w)).byte_steps == steps


def test_obstacle():
    assert ProductLutSums(parse_code("unipolar<4>"), parse_code("signed<4>")).why_not is None
    table = ProductLutSums(parse_code("unipolar<5>"), parse_code("signed<4>"))
    assert "8 bits at most, unipolar<5> and signed<4> have 9" in str(table.why_not)
