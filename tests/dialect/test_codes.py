"""What bit patterns mean, pattern by pattern."""

import re

import numpy as np
import pytest
from dialect_strategies import affine_codes, codebooks
from hypothesis import given
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import (
    AFFINE_CODES,
    AffineCode,
    BipolarType,
    CodebookType,
    SignedType,
    UnipolarType,
    parse_code,
)

WIDTHS = range(1, 9)

BIT_BY_BIT = {
    "unipolar": lambda bits: sum(bit << p for p, bit in enumerate(bits)),
    "bipolar": lambda bits: sum((2 * bit - 1) << p for p, bit in enumerate(bits)),
    "signed": lambda bits: (
        sum(bit << p for p, bit in enumerate(bits[:-1])) - (bits[-1] << (len(bits) - 1))
    ),
}
"""The definitions of the codes, of one element."""

ALL_AFFINE = [
    pytest.param(kind, width, id=f"{name}<{width}>")
    for name, kind in AFFINE_CODES.items()
    for width in WIDTHS
]


@pytest.mark.parametrize(("kind", "width"), ALL_AFFINE)
def test_every_pattern(kind: type[AffineCode], width: int):
    code = kind(width)
    for pattern in range(1 << width):
        bits = [(pattern >> p) & 1 for p in range(width)]
        value = BIT_BY_BIT[code.keyword](bits)
        assert int(code.values[pattern]) == value
        assert int(code.decode(np.array(pattern))) == value
        assert int(code.encode(np.array([value]))[0]) == pattern
        affine = code.affine
        assert affine.alpha + sum(b * x for b, x in zip(affine.betas, bits, strict=True)) == value


@pytest.mark.parametrize(("kind", "width"), ALL_AFFINE)
def test_ranges_and_levels(kind: type[AffineCode], width: int):
    code = kind(width)
    values = sorted(code.values.tolist())
    assert (code.min_value, code.max_value) == (values[0], values[-1])
    assert code.max_magnitude == max(map(abs, values))
    assert code.decode(code.patterns_by_level).tolist() == values


def test_known_ranges():
    assert sorted(UnipolarType(2).values) == [0, 1, 2, 3]
    assert sorted(BipolarType(1).values) == [-1, 1]
    assert sorted(BipolarType(2).values) == [-3, -1, 1, 3]
    assert sorted(SignedType(2).values) == [-2, -1, 0, 1]


@given(codebooks())
def test_codebook(code: CodebookType):
    patterns = np.arange(1 << code.width)
    assert code.affine is None
    assert code.decode(patterns).tolist() == [e.data for e in code.entries]
    assert code.encode(code.values).tolist() == patterns.tolist()
    assert parse_code(str(code)) == code


def test_decode_ignores_bits_above_the_width():
    # Memory holds a signed pattern sign-extended.
    assert SignedType(2).decode(np.array([-1, -2, 1], np.int8)).tolist() == [-1, -2, 1]


@pytest.mark.parametrize(
    ("code", "values", "message"),
    [
        (UnipolarType(2), [[0, 1], [4, 2]], "act: 4 at index [1, 0] is not a value of code"),
        (UnipolarType(2), [[0, 1], [4, 2]], "unipolar<2> (0 .. 3)"),
        (UnipolarType(1), [0, -1], "-1 at index [1]"),
        (BipolarType(2), [1, 3, 2], "2 at index [2]"),
        (BipolarType(2), [1, 3, 2], "(odd numbers -3 .. 3)"),
        (BipolarType(1), [0], "0 at index [0]"),
        (SignedType(3), [3, -5], "-5 at index [1] is not a value of code signed<3> (-4 .. 3)"),
        (CodebookType(1, [5, -7]), [5, 0], "0 at index [1] is not a value of code codebook<1"),
        (CodebookType(1, [5, -7]), [5, 0], "one of [-7, 5]"),
        (UnipolarType(2), [0.0, 1.0], "act: expected integers of code unipolar<2>, got dtype"),
        (UnipolarType(8), [2**63], str(2**63)),
    ],
)
def test_encode_says_what_and_where(code: AffineCode, values: list, message: str):
    with pytest.raises(ValueError, match=re.escape(message)):
        code.encode(np.array(values), "act")


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint64, np.bool_])
def test_encode_takes_any_integers(dtype: type):
    assert UnipolarType(1).encode(np.array([0, 1], dtype)).tolist() == [0, 1]


def test_encode_of_nothing_and_of_one_number():
    assert UnipolarType(1).encode(np.zeros((0, 3), np.int8)).shape == (0, 3)
    assert int(BipolarType(1).encode(np.array(-1))) == 0


@given(affine_codes(8))
def test_parse_code(code: AffineCode):
    assert parse_code(str(code)) == code
    assert parse_code(f"!lowbit.{code}") == code
    assert parse_code(code) is code


@pytest.mark.parametrize(
    "text",
    [
        "unipolar",
        "unipolar<>",
        "unipolar<0>",
        "unipolar<9>",
        "unipolar<x>",
        "int8",
        "",
        "codebook<1>",
        "codebook<1, [1]>",
        "codebook<1, [1, 1]>",
        "codebook<1, [1, 2>",
        "codebook<1, []>",
        "codebook<1, [1, x]>",
        "unipolar<2",
        "unipolar<2>>",
        "<2>",
    ],
)
def test_parse_code_refuses(text: str):
    with pytest.raises(ValueError, match="code"):
        parse_code(text)


@pytest.mark.parametrize("bits", [-1, 0, 9, 10**30])
def test_widths(bits: int):
    for kind in AFFINE_CODES.values():
        with pytest.raises(VerifyException, match="1 to 8 are allowed"):
            kind(bits)
    with pytest.raises(VerifyException, match="1 to 8 are allowed"):
        CodebookType(bits, [0, 1])
