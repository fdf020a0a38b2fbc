"""Packed arrays as arguments and results."""

from __future__ import annotations

import numpy as np
import pytest

from lowbit_dialect.codes import parse_code
from runtime import PackedArray
from tests.runtime.programs import LAYOUT, identity, packed_function


def test_packed_arrays_in_and_out():
    f, _ = packed_function()
    values = np.random.default_rng(0).integers(-4, 4, (3, 11))
    y = f(values)
    assert isinstance(y, PackedArray)
    np.testing.assert_array_equal(y.values, values)
    for given in (y, y.words, np.asfortranarray(y.words)):
        np.testing.assert_array_equal(f(given).words, y.words)
    out = PackedArray(np.full_like(y.words, 255), y.type)
    assert f(values, out=out) is out
    np.testing.assert_array_equal(out.words, y.words)
    other = identity(f"tensor<3x11x!lowbit.signed<3>, {LAYOUT}>")(values)
    with pytest.raises(ValueError, match=r"out 0: expected .* got words of"):
        f(values, out=other)
    words = np.full((*y.words.shape[:-1], 4), 255, np.uint8)[..., ::2]
    f(values, out=words)
    np.testing.assert_array_equal(words, y.words)


@pytest.mark.parametrize(
    ("code", "options", "foreign"),
    [
        ("unipolar<2>", "bytes = levels", [4, 16, 255]),
        ("unipolar<2>", "bytes = levels, shift = 2", [1, 2, 3, 13, 16, 255]),
        ("signed<3>", "bytes = levels, shift = 5", [1, 16, 255]),
        ("unipolar<4>", "bytes = levels, bits = 4", [0x10, 0x80, 0xFF]),
        ("bipolar<3>", "bytes = levels, bits = 4", [0x08, 0x10, 0x80]),
        ("bipolar<1>", "bytes = values", [0, 2, 127, 254]),
        ("unipolar<2>", "bytes = digits", [4, 128, 255]),
        ("bipolar<1>", "bytes = digits", [2, 128, 253]),
    ],
)
def test_bytes_that_stand_for_no_value_are_refused(code: str, options: str, foreign: list[int]):
    layout = f"#lowbit.packed<axis = 1, word = i32, order = [0, 1], {options}>"
    f = identity(f"tensor<2x4x!lowbit.{code}, {layout}>")
    values = np.random.default_rng(0).choice(parse_code(code).values, (2, 4))
    packed = f(values)
    for given in (packed, packed.words, np.asfortranarray(packed.words)):
        assert f(given).values.tolist() == values.tolist()
    for byte in foreign:
        words = packed.words.copy()
        words.reshape(-1).view(np.uint8)[7] = byte
        with pytest.raises(ValueError, match=r"input 0: a (byte stands for|bit outside)"):
            f(words)


def test_bits_outside_the_elements_are_refused():
    f, _ = packed_function()
    words = f(np.zeros((3, 11), int)).words
    for index, bit in (((0, 0, 0), 0), ((2, 0, 1), 2), ((1, 3, 1), 3), ((0, 1, 1), 7)):
        bad = words.copy()
        bad[index] |= 1 << bit
        with pytest.raises(ValueError, match="input 0: a bit outside the elements is set"):
            f(bad)
    good = words.copy()
    good[1, 3, 1] |= 4  # the last element of the last row
    assert f(good).values[2, 10] == 2


def test_packed_inputs_that_do_not_fit():
    f, type_ = packed_function()
    other = identity(f"tensor<3x11x!lowbit.signed<3>, {LAYOUT}>")(np.zeros((3, 11), int))
    with pytest.raises(ValueError, match=f"input 0: expected {type_[:30]}.* got words of"):
        f(other)
    with pytest.raises(
        ValueError, match=r"expected shape \[3, 11\], or words of shape \[3, 4, 2\]"
    ):
        f(other.words)
    with pytest.raises(ValueError, match=r"4 at index \[0, 0\] is not a value of code signed<3>"):
        f(np.full((3, 11), 4))
