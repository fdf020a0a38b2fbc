"""The reference against loops over scalars, and its messages."""

import itertools
import math
import re
from fractions import Fraction

import numpy as np
import pytest
from dialect_strategies import Convolution, affine_codes, convolutions, values_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lowbit_dialect import reference
from lowbit_dialect.codes import AffineCode, BipolarType, SignedType, UnipolarType, parse_code

INT32 = np.iinfo(np.int32)
int32s = st.integers(INT32.min, INT32.max)


def scalar_conv(x: np.ndarray, w: np.ndarray, conv: Convolution) -> np.ndarray:
    """Seven loops over Python integers."""
    geometry = conv.geometry
    rows, cols = geometry.rows, geometry.cols
    if conv.layout == "nchw":
        x, w = np.moveaxis(x, 1, 3), np.moveaxis(w, 1, 3)
    per_group, oc_per_group = geometry.ic // geometry.groups, geometry.oc // geometry.groups
    out = np.zeros((geometry.batch, rows.out, cols.out, geometry.oc), np.int64)
    for n, r, c, o in np.ndindex(*out.shape):
        total = 0
        for i, j, k in np.ndindex(rows.taps, cols.taps, per_group):
            row = r * rows.stride - rows.before + i * rows.dilation
            col = c * cols.stride - cols.before + j * cols.dilation
            if 0 <= row < rows.extent and 0 <= col < cols.extent:
                channel = o // oc_per_group * per_group + k
                total += int(x[n, row, col, channel]) * int(w[o, i, j, k])
        out[n, r, c, o] = total
    return np.moveaxis(out, 3, 1) if conv.layout == "nchw" else out


@given(st.data())
def test_conv2d(data: st.DataObject):
    conv = data.draw(convolutions())
    x_code, w_code = data.draw(affine_codes(8)), data.draw(affine_codes(8))
    x = data.draw(values_of(x_code, conv.x_shape))
    w = data.draw(values_of(w_code, conv.w_shape))
    result = reference.conv2d(x, w, **conv.clauses, x_code=x_code, w_code=w_code)
    assert result.dtype == np.int32
    assert result.shape == conv.result_shape
    np.testing.assert_array_equal(result, scalar_conv(x, w, conv))


@given(st.data(), st.integers(1, 4), st.integers(1, 20), st.integers(1, 4))
def test_matmul(data: st.DataObject, m: int, k: int, n: int):
    x_code, w_code = data.draw(affine_codes(8)), data.draw(affine_codes(8))
    x, w = data.draw(values_of(x_code, (m, k))), data.draw(values_of(w_code, (k, n)))
    result = reference.matmul(x, w)
    assert result.dtype == np.int32
    for i, j in np.ndindex(m, n):
        assert int(result[i, j]) == sum(int(x[i, q]) * int(w[q, j]) for q in range(k))


@pytest.mark.parametrize("size", [1, 1 << 12, (1 << 15) - 1])
def test_sums_are_exact_in_every_work_type(size: int):
    """Bounds below 2^24 (f32), below 2^53 (f64): odd sums that rounding would change."""
    x = np.full((1, 3), size)
    x[0, 2] = 1
    w = np.array([[size], [1], [0]])
    assert reference.matmul(x, w).tolist() == [[size * size + size]]


def test_sums_beyond_i32_are_refused():
    huge = np.full((1, 4), 1 << 20)
    with pytest.raises(ValueError, match="a sum leaves i32"):
        reference.matmul(huge, huge.T)
    with pytest.raises(ValueError, match="a sum leaves i32"):
        reference.matmul(np.full((1, 2), 1 << 40), np.full((2, 1), 1 << 20))


def nearest(quotient: np.float32, code: AffineCode, rounding: str) -> int:
    """The definition in fractions: value = c + step * round((q - c) / step), clipped."""
    if math.isnan(quotient):
        return code.min_value
    if math.isinf(quotient):
        return code.max_value if quotient > 0 else code.min_value
    center, step = (1, 2) if isinstance(code, BipolarType) else (0, 1)
    position = (Fraction(float(quotient)) - center) / step
    below = math.floor(position)
    part = position - below
    up = part > Fraction(1, 2)
    if part == Fraction(1, 2):
        up = {
            "half_even": below % 2 == 1,
            "half_up": True,
            "half_away": position > 0,
        }[rounding]
    value = center + step * (below + up)
    return min(max(value, code.min_value), code.max_value)


ROUNDINGS = st.sampled_from(["half_even", "half_up", "half_away"])
halves = st.integers(-20, 20).map(lambda i: i / 2)
anything = st.floats(width=32)


@given(
    st.lists(st.one_of(halves, anything), min_size=1, max_size=9),
    affine_codes(),
    st.one_of(st.sampled_from([1.0, 0.5, 2.0]), st.floats(2**-100, 2**100, width=32)),
    ROUNDINGS,
)
def test_quantize(numbers: list[float], code: AffineCode, scale: float, rounding: str):
    x = np.array(numbers, np.float32)
    result = reference.quantize(x, code, scale, rounding=rounding)
    with np.errstate(all="ignore"):
        quotients = x / np.float32(scale)
    assert result.tolist() == [nearest(q, code, rounding) for q in quotients]


def test_binary_quantization_is_the_sign():
    x = np.array([-np.inf, -2, -1e-30, -1e-9, -0.0, 0.0, 1e-30, 5, np.inf], np.float32)
    for rounding, zero in (("half_even", 1), ("half_up", 1), ("half_away", -1)):
        result = reference.quantize(x, BipolarType(1), 1.0, rounding=rounding)
        assert result.tolist() == [-1, -1, -1, -1, zero, zero, 1, 1, 1]


def test_scales_along_an_axis():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    last = reference.quantize(x, "unipolar<4>", [1.0, 2.0])
    assert last.tolist() == [[1, 1], [3, 2]]
    first = reference.quantize(x, "unipolar<4>", [1.0, 2.0], axis=0)
    assert first.tolist() == [[1, 2], [2, 2]]
    back = reference.dequantize(first, [0.5, 2.0], axis=-2)
    assert back.dtype == np.float32
    assert back.tolist() == [[0.5, 1.0], [4.0, 4.0]]


@given(st.lists(int32s, min_size=1, max_size=5), st.floats(2**-20, 2**20, width=32))
def test_dequantize(values: list[int], scale: float):
    result = reference.dequantize(values, scale)
    expected = [np.float32(np.float32(v) * np.float32(scale)) for v in values]
    assert result.tolist() == expected


@given(st.lists(st.tuples(int32s, int32s), min_size=1, max_size=9))
def test_add(pairs: list[tuple[int, int]]):
    lhs, rhs = (np.array(side) for side in zip(*pairs, strict=True))
    total = reference.add(lhs, rhs)
    assert total.tolist() == [min(max(a + b, INT32.min), INT32.max) for a, b in pairs]
    clipped = reference.add(lhs, rhs, "signed<4>")
    assert clipped.tolist() == [min(max(a + b, -8), 7) for a, b in pairs]


@given(st.data())
def test_max_pool2d(data: st.DataObject):
    kernel = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    strides = data.draw(st.one_of(st.none(), st.tuples(st.integers(1, 3), st.integers(1, 3))))
    padding = [data.draw(st.integers(0, kernel[i // 2] - 1)) for i in range(4)]
    image = data.draw(st.tuples(st.integers(3, 6), st.integers(3, 6)))
    code = data.draw(affine_codes())
    layout = data.draw(st.sampled_from(["nhwc", "nchw"]))
    x = data.draw(values_of(code, (2, *image, 3)))
    given_x = x if layout == "nhwc" else x.transpose(0, 3, 1, 2)
    result = reference.max_pool2d(given_x, kernel, strides, padding, layout)
    result = result if layout == "nhwc" else result.transpose(0, 2, 3, 1)
    step = strides or kernel
    for n, r, c, k in np.ndindex(*result.shape):
        window = [
            int(x[n, row, col, k])
            for i, j in np.ndindex(*kernel)
            for row, col in [(r * step[0] - padding[0] + i, c * step[1] - padding[2] + j)]
            if 0 <= row < image[0] and 0 <= col < image[1]
        ]
        assert int(result[n, r, c, k]) == max(window)
    last = (result.shape[1] - 1) * step[0] + kernel[0]
    assert last <= image[0] + padding[0] + padding[1] < last + step[0]


def saturating_shift(acc: int, offset: int, shift: int) -> int:
    return min(max(acc + offset, INT32.min), INT32.max) >> min(max(shift, 0), 31)


@given(st.data(), affine_codes(), st.integers(-2, 1))
def test_fused_glue_shift(data: st.DataObject, code: AffineCode, axis: int):
    shape = (2, 3)
    acc = data.draw(hnp.arrays(np.int32, shape, elements=int32s))
    channels = shape[axis]
    offset = data.draw(hnp.arrays(np.int32, channels, elements=int32s))
    shifts = st.integers(-2, 33) | int32s
    shift = data.draw(hnp.arrays(np.int32, channels, elements=shifts))
    top = (1 << code.width) - 1
    lo, hi = sorted(data.draw(st.tuples(st.integers(0, top), st.integers(0, top))))
    result = reference.fused_glue_shift(acc, offset, shift, code, axis, lo, hi)
    ascending = sorted(code.values.tolist())
    for index in np.ndindex(*shape):
        c = index[axis]
        level = saturating_shift(int(acc[index]), int(offset[c]), int(shift[c]))
        assert int(result[index]) == ascending[min(max(level, lo), hi)]


@given(st.data(), affine_codes(3), st.integers(-2, 1))
def test_fused_glue_threshold(data: st.DataObject, code: AffineCode, axis: int):
    shape = (3, 2)
    near = st.one_of(st.integers(-4, 4), int32s)
    acc = data.draw(hnp.arrays(np.int32, shape, elements=near))
    channels = shape[axis]
    count = data.draw(st.integers(1, (1 << code.width) - 1))
    thresholds = data.draw(hnp.arrays(np.int32, (channels, count), elements=near))
    thresholds.sort(axis=1)
    flip = data.draw(st.one_of(st.none(), hnp.arrays(np.bool_, channels)))
    result = reference.fused_glue_threshold(acc, thresholds, code, flip, axis)
    ascending = sorted(code.values.tolist())
    for index in np.ndindex(*shape):
        c = index[axis]
        number = -int(acc[index]) if flip is not None and flip[c] else int(acc[index])
        assert int(result[index]) == ascending[sum(int(t) <= number for t in thresholds[c])]


def test_glue_of_a_codebook_counts_ascending_values():
    levels = reference.fused_glue_shift(
        [0, 1, 2, 3], [0] * 4, [0] * 4, "codebook<2, [9, -5, 7, 0]>"
    )
    assert levels.tolist() == [-5, 0, 7, 9]


ONES = np.ones((1, 4, 4, 2), np.int64)
WEIGHTS = np.ones((2, 3, 3, 2), np.int64)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reference.conv2d(ONES * 1.0, WEIGHTS), "x must hold integers, got dtype float64"),
        (lambda: reference.conv2d(ONES[0], WEIGHTS), "x must have 4 dimensions"),
        (lambda: reference.conv2d(ONES, WEIGHTS, (0, 1)), "strides needs 2 integers >= 1"),
        (
            lambda: reference.conv2d(ONES, WEIGHTS, padding=(1, 1, 1)),
            "padding: expected an integer",
        ),
        (lambda: reference.conv2d(ONES, WEIGHTS, dilation=(2, 1)), "3x3 taps do not fit"),
        (lambda: reference.conv2d(ONES, WEIGHTS, groups=2), "in 2 groups do not fit"),
        (lambda: reference.conv2d(ONES, WEIGHTS, groups=0), "in 0 groups do not fit"),
        (lambda: reference.conv2d(ONES, WEIGHTS, layout="nwhc"), "nhwc and nchw are allowed"),
        (
            lambda: reference.conv2d(ONES * 2, WEIGHTS, x_code=UnipolarType(1)),
            "x: 2 at index [0, 0, 0, 0] is not a value of code unipolar<1> (0 .. 1)",
        ),
        (
            lambda: reference.matmul(ONES[0, 0], ONES[0, 0, 0:2] * 0, w_code=BipolarType(1)),
            "w: 0 at index [0, 0]",
        ),
        (lambda: reference.matmul(ONES[0, 0], WEIGHTS[0, 0]), "x has 2 columns, w has 3 rows"),
        (lambda: reference.max_pool2d(ONES, (2, 2), padding=(2, 0, 0, 0)), "must be smaller"),
        (lambda: reference.max_pool2d(ONES, (5, 1)), "does not fit"),
        (lambda: reference.max_pool2d(ONES, (0, 1)), "kernel needs 2 integers >= 1"),
        (lambda: reference.quantize([1.0], "codebook<1, [1, 2]>", 1.0), "affine codes"),
        (lambda: reference.quantize([1.0], "signed<2>", 0.0), "positive finite"),
        (lambda: reference.quantize([1.0], "signed<2>", [1.0, 1.0]), "scale has 2 entries"),
        (lambda: reference.quantize([1.0], "signed<2>", 1.0, axis=1), "axis 1 is not one of"),
        (lambda: reference.quantize(1.0, "signed<2>", 1.0), "axis -1 is not one of the 0"),
        (lambda: reference.quantize([1.0], "signed<2>", 1.0, rounding="up"), "are allowed"),
        (lambda: reference.dequantize([1.5], 1.0), "values must hold integers"),
        (lambda: reference.add([1], [1, 2]), "lhs has shape (1,), rhs has (2,)"),
        (lambda: reference.add([1], [1], "bipolar<2>"), "unipolar or signed code"),
        (lambda: reference.fused_glue_shift([1], [1, 2], [1], "unipolar<2>"), "1 entries"),
        (lambda: reference.fused_glue_shift([1], [1], [1], "unipolar<2>", hi=4), "<= 3"),
        (lambda: reference.fused_glue_shift([1], [1], [1], "unipolar<2>", axis=1), "axis 1"),
        (lambda: reference.fused_glue_threshold([1], [[1, 2]], "unipolar<1>"), "at most 1 columns"),
        (lambda: reference.fused_glue_threshold([1], [[1]], "unipolar<1>", [True] * 2), "flip"),
    ],
)
def test_messages(call, message: str):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_bipolar_padding_is_zero():
    """A tap in the padding is 0, which no bipolar code can represent."""
    x, w = np.full((1, 1, 1, 1), -1), np.ones((1, 3, 3, 1), np.int64)
    sums = reference.conv2d(x, w, padding=(1, 1, 1, 1), x_code=BipolarType(1))
    assert sums.tolist() == [[[[-1]]]]


def test_codes_can_be_text():
    for text, code in (("unipolar<2>", UnipolarType(2)), ("signed<3>", SignedType(3))):
        x = np.linspace(-9, 9, 37)
        np.testing.assert_array_equal(
            reference.quantize(x, text, 1.0), reference.quantize(x, code, 1.0)
        )
    assert list(itertools.chain(parse_code("bipolar<1>").values)) == [-1, 1]


def test_one_integer_stands_for_all_sides():
    x, w = np.arange(50).reshape(1, 5, 5, 2), np.ones((1, 3, 3, 2), int)
    pairs = reference.conv2d(x, w, (2, 2), (1, 1, 1, 1), (1, 1))
    for padding in (1, (1, 1), ((1, 1), (1, 1))):
        np.testing.assert_array_equal(reference.conv2d(x, w, 2, padding, 1), pairs)
    np.testing.assert_array_equal(
        reference.max_pool2d(x, 2, padding=1), reference.max_pool2d(x, (2, 2), (2, 2), (1, 1, 1, 1))
    )
