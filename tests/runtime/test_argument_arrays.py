"""Arrays of any kind as arguments: dtypes, memory orders, and what is no array."""

from __future__ import annotations

import numpy as np
import pytest

from lowbit_dialect.codes import parse_code
from lowbit_dialect.interpreters.run import interpret
from runtime import compile
from runtime.source import parse_module
from tests.memory_orders import arrays_of, broadcasts_of
from tests.runtime.programs import LAYOUT, identity, packed_function

CODES = [
    *(f"{kind}<{bits}>" for kind in ("unipolar", "bipolar", "signed") for bits in (1, 2, 4, 7, 8)),
    *("codebook<1, [7, -3]>", "codebook<2, [0, 300, -300, 5]>", "codebook<2, [-1, 0, 1, 100]>"),
]


@pytest.mark.parametrize("code", CODES)
def test_every_dtype_that_holds_a_value_gives_it(code: str):
    values = parse_code(code).values
    f = identity(f"tensor<{len(values)}x!lowbit.{code}>")
    expected = f(values)
    np.testing.assert_array_equal(expected, values)
    for dtype in "?bBhHiIlL":
        if np.array_equal(values.astype(dtype), values):
            given = values.astype(dtype)
            np.testing.assert_array_equal(f(given), expected)
            np.testing.assert_array_equal(f(np.stack([given, given], axis=1)[:, 0]), expected)
            np.testing.assert_array_equal(f(given.astype(given.dtype.newbyteorder())), expected)


@pytest.mark.parametrize("code", CODES)
def test_every_memory_order_gives_the_values(code: str):
    values = np.resize(parse_code(code).values, (2, 3, 5))
    f = identity(f"tensor<2x3x5x!lowbit.{code}>")
    for name, array in (*arrays_of(values), *broadcasts_of(values)):
        assert f(array).tolist() == array.tolist(), name


@pytest.mark.parametrize("element", ["i8", "i16", "i32", "i64", "f32", "f64", "i1"])
def test_every_memory_order_of_builtin_elements(element: str):
    f = identity(f"tensor<2x3x5x{element}>")
    values = np.arange(30).reshape(2, 3, 5) % (2 if element == "i1" else 100)
    (spec,) = f.signature.arguments
    for name, array in arrays_of(values):
        if spec.dtype.kind != "f":
            assert f(array).tolist() == values.tolist(), name
            continue
        for swapped in (spec.dtype, spec.dtype.newbyteorder()):
            given = array.astype(swapped) / 2  # in the memory order of the array
            assert f(given.astype(swapped)).tolist() == (values / 2).tolist(), name


def test_every_memory_order_of_words():
    f, _ = packed_function()
    values = np.resize(np.arange(-4, 4), (3, 11))
    g = identity(f"tensor<3x11x!lowbit.signed<3>, {LAYOUT}>")
    for function in (f, g):
        expected = function(values).words
        for name, array in (*arrays_of(values), *broadcasts_of(values)):
            assert function(array).values.tolist() == array.tolist(), name
        for name, array in arrays_of(expected.astype(np.int64)):
            if array.dtype.newbyteorder("=") == expected.dtype:
                assert function(array).words.tolist() == expected.tolist(), name


def test_arrays_without_dimensions():
    for type_, value in (("i32", -7), ("!lowbit.signed<4>", -7), ("!lowbit.bipolar<3>", -7)):
        f = identity(f"tensor<{type_}>")
        for dtype in ("i1", "<i4", ">i2", ">i8"):
            y = f(np.array(value, dtype))
            assert (y.shape, y.item()) == ((), value)
        assert f(value).item() == value
        out = np.zeros((), y.dtype)
        assert f(value, out=out) is out
        assert out.item() == value
        with pytest.raises(ValueError, match=r"1000000000000 at index \[\]"):
            f(10**12)


def test_bytes_of_booleans():
    flags = np.array([0, 1, 2, 255], np.uint8).view(np.bool_)
    for type_ in ("i1", "!lowbit.unipolar<1>", "!lowbit.unipolar<8>", "i8"):
        y = identity(f"tensor<4x{type_}>")(flags)
        np.testing.assert_array_equal(y.view(np.uint8), [0, 1, 1, 1])


def test_constants_of_bytes_that_are_no_booleans():
    text = """func.func @main() -> tensor<4xi1> {
      %c = arith.constant dense<"0x000102FF"> : tensor<4xi1>
      func.return %c : tensor<4xi1>
    }"""
    (interpreted,) = interpret(parse_module(text), "main")
    assert compile(text)().tolist() == np.asarray(interpreted).tolist() == [0, 1, 0, 1]


def test_masked_arrays():
    f = identity("tensor<3xi8>")
    x = np.ma.masked_array([1, 2, 3], mask=[False, True, False])
    with pytest.raises(ValueError, match="input 0: some elements are masked"):
        f(x)
    assert f(np.ma.masked_array([1, 2, 3])).tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="out 0: a masked array"):
        f([1, 2, 3], out=np.ma.zeros(3, np.int8))


@pytest.mark.parametrize("code", CODES)
def test_no_dtype_smuggles_another_value_in(code: str):
    values = parse_code(code).values
    allowed = set(values.tolist())
    f = identity(f"tensor<2x!lowbit.{code}>")
    wrong = [v for v in (-32769, -301, -257, -256, -129, -3, 2, 3, 16, 255, 256, 301, 65536)]
    for value in wrong:
        for dtype in "bBhHiIlL":
            limits = np.iinfo(dtype)
            if value in allowed or not limits.min <= value <= limits.max:
                continue
            first = next(v for v in allowed if limits.min <= v <= limits.max)
            with pytest.raises(
                ValueError, match=rf"input 0: {value} at index \[1\] is not a value"
            ):
                f(np.array([first, value], dtype))


def test_results_have_the_narrowest_dtype():
    for code, dtype in (("unipolar<8>", "u1"), ("signed<8>", "i1"), ("bipolar<8>", "i2")):
        f = identity(f"tensor<3x!lowbit.{code}>")
        assert f(np.full(3, parse_code(code).max_value)).dtype == np.dtype(dtype)


@pytest.mark.parametrize("element", ["i8", "i16", "i32", "i64", "f32", "f64", "i1"])
def test_builtin_elements(element: str):
    f = identity(f"tensor<2x3x{element}>")
    (spec,) = f.signature.arguments
    x = np.arange(6).reshape(2, 3).astype(spec.dtype)
    y = f(x)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, x)
    with pytest.raises(ValueError, match=f"input 0: expected dtype {spec.dtype}, got complex128"):
        f(x.astype(complex))


def test_integers_of_any_width_that_fit():
    f = identity("tensor<3xi8>")
    for dtype in "bhilHIL":
        assert f(np.array([1, 2, 127], dtype)).tolist() == [1, 2, 127]
    assert f(np.array([-128, 0, 1], ">i4")).tolist() == [-128, 0, 1]
    with pytest.raises(ValueError, match=r"input 0: 128 at index \[1\] does not fit in int8"):
        f(np.array([1, 128, 3]))
    with pytest.raises(ValueError, match=r"input 0: expected dtype int8, got float64"):
        f(np.zeros(3))
    assert identity("tensor<2xi1>")(np.array([0, 1])).tolist() == [False, True]
    with pytest.raises(ValueError, match=r"2 at index \[0\] does not fit in bool, 0 .. 1"):
        identity("tensor<2xi1>")(np.array([2, 1]))
