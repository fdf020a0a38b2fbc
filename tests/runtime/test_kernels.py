"""One-call kernels on plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lowbit_dialect import reference
from lowbit_dialect.codes import parse_code
from runtime import PackedArray, bitpack, conv2d, matmul, unpack
from tests.memory_orders import arrays_of, broadcasts_of

RNG = np.random.default_rng(0)
X = RNG.integers(0, 4, (2, 5, 6, 4))
W = RNG.choice([-1, 1], (6, 3, 3, 2))


def test_conv2d_with_everything():
    y = conv2d(
        X,
        W,
        x_code="unipolar<2>",
        w_code="bipolar<1>",
        strides=(2, 1),
        padding=((1, 0), (2, 1)),
        dilation=(1, 2),
        groups=2,
        num_threads=2,
    )
    expected = reference.conv2d(
        X, W, strides=(2, 1), padding=(1, 0, 2, 1), dilation=(1, 2), groups=2
    )
    assert y.dtype == np.int32
    np.testing.assert_array_equal(y, expected)


def test_one_integer_stands_for_two():
    y = conv2d(X, W, groups=2, strides=2, padding=0, dilation=2)
    expected = reference.conv2d(X, W, groups=2, strides=(2, 2), dilation=(2, 2))
    np.testing.assert_array_equal(y, expected)
    expected = reference.conv2d(X, W, groups=2, padding=(0, 0, 2, 2))
    for padding in ((0, 2), (0, 0, 2, 2), ((0, 0), (2, 2)), (0, (2, 2)), np.array([0, 2])):
        np.testing.assert_array_equal(conv2d(X, W, groups=2, padding=padding), expected)


@pytest.mark.parametrize("code", ["unipolar<1>", "unipolar<8>", "signed<3>", "bipolar<2>"])
def test_conv2d_of_every_dtype_and_memory_order(code: str):
    x = RNG.choice(parse_code(code).values, (2, 3, 4, 5))
    w = RNG.choice(parse_code("signed<2>").values, (3, 2, 2, 5))
    expected = reference.conv2d(x, w)
    codes = {"x_code": code, "w_code": "signed<2>", "padding": 0}
    for name, array in arrays_of(x):
        assert np.array_equal(conv2d(array, w, **codes), expected), name
    for name, array in arrays_of(w):
        assert np.array_equal(conv2d(x, array, **codes), expected), name
    for name, array in broadcasts_of(x):
        copied = np.array(array.tolist())
        assert np.array_equal(conv2d(array, w, **codes), reference.conv2d(copied, w)), name


@pytest.mark.parametrize("code", ["bipolar<1>", "codebook<2, [0, 9, -300, 4]>"])
def test_matmul_of_every_dtype_and_memory_order(code: str):
    x = RNG.choice(parse_code(code).values, (3, 7))
    w = RNG.choice(parse_code("unipolar<2>").values, (7, 5))
    for name, array in (*arrays_of(x), *broadcasts_of(x)):
        y = matmul(array, w, x_code=code, w_code="unipolar<2>")
        assert np.array_equal(y, np.array(array.tolist()) @ w), name
    for name, array in (*arrays_of(w), *broadcasts_of(w)):
        y = matmul(x, array, x_code=code, w_code="unipolar<2>")
        assert np.array_equal(y, x @ np.array(array.tolist())), name


@pytest.mark.parametrize("code", ["signed<3>", "bipolar<1>", "codebook<2, [0, 9, -300, 4]>"])
def test_bitpack_of_every_dtype_and_memory_order(code: str):
    x = RNG.choice(parse_code(code).values, (3, 11, 2))
    expected = bitpack(x, code, axis=1, word_bits=16).words
    assert bitpack(x.tolist(), code, axis=1, word_bits=16).values.tolist() == x.tolist()
    for name, array in arrays_of(x):
        assert np.array_equal(bitpack(array, code, axis=1, word_bits=16).words, expected), name
    for name, array in broadcasts_of(x):
        values = bitpack(array, code, axis=1, word_bits=16).values
        assert values.tolist() == array.tolist(), name


def test_conv2d_nchw_is_conv2d_nhwc_turned():
    y = conv2d(X, W, groups=2, padding=1)
    turned = conv2d(
        X.transpose(0, 3, 1, 2), W.transpose(0, 3, 1, 2), groups=2, padding=1, layout="nchw"
    )
    np.testing.assert_array_equal(turned.transpose(0, 2, 3, 1), y)


@pytest.mark.parametrize("target", ["host", "host+avx2", "host+sse2"])
@pytest.mark.parametrize("codes", [("signed<3>", "unipolar<4>"), ("bipolar<2>", "signed<2>")])
def test_matmul(codes: tuple[str, str], target: str):
    x = RNG.choice(parse_code(codes[0]).values, (5, 37))
    w = RNG.choice(parse_code(codes[1]).values, (37, 18))
    y = matmul(x, w, x_code=codes[0], w_code=parse_code(codes[1]), target=target)
    np.testing.assert_array_equal(y, x @ w)


@pytest.mark.parametrize("code", ["unipolar<3>", "bipolar<2>", "codebook<2, [0, 9, -300, 4]>"])
@pytest.mark.parametrize(
    ("axis", "bit_axis", "word_bits"), [(-1, None, 64), (0, -1, 8), (1, 0, 16)]
)
@pytest.mark.parametrize("target", ["host", "host+sse2"])
def test_packing_there_and_back(code: str, axis: int, bit_axis: int, word_bits: int, target: str):
    x = RNG.choice(parse_code(code).values, (3, 20, 9))
    packed = bitpack(x, code, axis=axis, bit_axis=bit_axis, word_bits=word_bits, target=target)
    np.testing.assert_array_equal(packed.values, x)
    back = unpack(packed, target=target)
    np.testing.assert_array_equal(back, x)
    assert back.dtype.itemsize <= 2


def test_the_packed_shape():
    packed = bitpack(np.ones((3, 20), int), "unipolar<2>", word_bits=8)
    assert packed.words.shape == (3, 2, 3)
    assert packed.words[0].tolist() == [[255, 255, 15], [0, 0, 0]]
    assert bitpack(np.ones((3, 20), int), "unipolar<2>", bit_axis=0).words.shape == (2, 3, 1)


def test_unpack_refuses_stray_bits():
    packed = bitpack(np.ones(5, int), "unipolar<1>", word_bits=8)
    packed.words[...] = 255
    with pytest.raises(ValueError, match="a bit outside the elements is set"):
        unpack(packed)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"x_code": "unary<2>"}, "unknown code 'unary<2>': allowed are unipolar<b>"),
        ({"x_code": 2}, "x_code: expected a code such as 'unipolar<2>', got 2"),
        ({"w_code": "codebook<1, [0, 3]>"}, r"w: .* is not a value of code codebook<1"),
        (
            {"x_code": f"codebook<8, {list(range(256))}>"},
            "strategy product_lut is impossible: tables of products are indexed by 8 bits at most",
        ),
        (
            {"x_code": "codebook<2, [0, 1, 2, 3]>", "strategy": "dot"},
            r"strategy dot is impossible: codebook<2, .* is not affine in its bits",
        ),
        ({"w_code": "unipolar<1>"}, r"w: -1 at index .* is not a value of code unipolar<1>"),
        ({"strides": 1.0}, "strides: expected an integer or two integers, got 1.0"),
        ({"strides": "11"}, "strides: expected an integer or two integers, got '11'"),
        ({"strides": 2**70}, f"strides: {2**70} does not fit in 64 bits"),
        ({"strides": (0, 1)}, r"strides needs 2 integers >= 1, got \[0, 1\]"),
        ({"padding": "same"}, r"padding: expected an integer, \(height, width\), .*, got 'same'"),
        ({"padding": None}, r"padding: expected an integer, \(height, width\), .*, got None"),
        ({"padding": (1, 1, 1)}, r"padding: expected an integer, .*, got \(1, 1, 1\)"),
        ({"padding": ((1, 1), (1,))}, r"padding\[1\]: expected an integer or two .*, got \(1,\)"),
        ({"padding": 2**40}, r"result has 2\^31 elements or more"),
        ({"padding": ((-1, 1), (1, 1))}, "padding needs 4 integers >= 0"),
        ({"dilation": (1, 9)}, "the filter does not fit in the width"),
        ({"groups": 3}, "groups = 3 must divide"),
        ({"groups": "2"}, "groups: expected an integer, got '2'"),
        ({"layout": "HWC"}, "layout 'HWC' is unknown: nhwc and nchw are allowed"),
        ({"layout": ["NHWC"]}, "nhwc and nchw are allowed"),
        ({"strategy": ["dot"]}, r"unknown strategy \['dot'\]: expected one of auto"),
        ({"target": ["host"]}, r"target: expected a name, such as 'host', got \['host'\]"),
        ({"records": None}, "records None: "),
        ({"num_threads": 0}, "num_threads must be an integer of at least 1, got 0"),
        ({"target": "cortex-a53"}, "cannot run code for cortex-a53"),
        ({"x": X[0]}, "x: expected 4 dimensions"),
        ({"x": X[:0]}, "x: expected 4 dimensions, none of them empty"),
        ({"x": X / 2}, "x: expected integers, got dtype float64"),
        ({"w": "text"}, "w: "),
        ({"w": W.astype(object)}, "w: expected integers, got dtype object"),
        ({"x": np.ma.masked_equal(X, 0)}, "x: some elements are masked"),
        (
            {"x": X.astype(np.uint64) + np.uint64(2**63)},
            r"x: 92233720368547758.. at index \[0, 0, 0",
        ),
    ],
)
def test_arguments_that_do_not_fit(change: dict[str, Any], says: str):
    if "target" in change and __import__("platform").machine() == "aarch64":
        pytest.skip("this machine runs it")
    arguments: dict[str, Any] = {"x": X, "w": W, "groups": 2} | change
    with pytest.raises(ValueError, match=says):
        conv2d(**arguments)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"axis": 2}, "axis 2 is not one of the 2 dimensions of x"),
        ({"axis": 0.5}, "axis: expected an integer, got 0.5"),
        ({"bit_axis": 3}, "bit_axis 3 is not one of the 3 of the result"),
        ({"word_bits": 12}, "word of 12 bits: 8, 16, 32, 64 are allowed"),
        ({"code": "unipolar<1>"}, r"x: 3 at index \[0, 0\] is not a value"),
        ({"x": 3}, "x: expected a dimension and elements"),
        ({"x": [[]]}, "x: expected a dimension and elements"),
    ],
)
def test_bitpack_arguments(change: dict[str, Any], says: str):
    arguments: dict[str, Any] = {"x": np.full((2, 3), 3), "code": "unipolar<2>"} | change
    with pytest.raises(ValueError, match=says):
        bitpack(**arguments)


def test_unpack_takes_packed_arrays_only():
    with pytest.raises(ValueError, match="packed: expected a PackedArray, got ndarray"):
        unpack(np.zeros(3))  # pyright: ignore
    with pytest.raises(ValueError, match="needs a packed type"):
        PackedArray(np.zeros(3), None)  # pyright: ignore
    packed = bitpack([1, 2], "unipolar<2>")
    with pytest.raises(ValueError, match="words must be an array, got list"):
        PackedArray(packed.words.tolist(), packed.type)
    with pytest.raises(ValueError, match=r"holds uint64 words of shape .* got >u8"):
        PackedArray(packed.words.astype(">u8"), packed.type)
