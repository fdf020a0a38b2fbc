"""Modules of levels 1 and 2 under the interpreter, against the reference."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from dialect_strategies import Convolution, affine_codes, convolutions, values_of
from hypothesis import assume, given
from hypothesis import strategies as st
from xdsl.builder import ImplicitBuilder
from xdsl.dialects.builtin import (
    StringAttr,
    TensorType,
    f16,
    f32,
    i1,
    i32,
)
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.utils.exceptions import InterpretationError

from lowbit_dialect import reference
from lowbit_dialect.codes import AffineCode, UnipolarType
from lowbit_dialect.interpreters import (
    PackedArray,
    from_values,
    interpret,
    lowbit_interpreter,
)
from lowbit_dialect.layouts.kernels import (
    activation_layout,
    index_matmul_rhs_layout,
    index_weight_layout,
    matmul_lhs_layout,
    matmul_rhs_layout,
    matmul_rows_layout,
    weight_layout,
)
from lowbit_dialect.ops.bitserial import BitserialConvOp, BitserialGemmOp
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp, conv_clauses
from lowbit_dialect.ops.correction import CorrectionOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import YieldOp
from lowbit_dialect.ops.lut import LutConvOp, LutGemmOp
from lowbit_dialect.ops.pack import BitpackOp, UnpackOp, with_encoding
from lowbit_dialect.sums.bitserial import decompose
from lowbit_dialect.sums.lut import TABLE_WORD, LutSums
from tests.dialect.interpreted import SMALL, module_of, run


@given(st.data())
def test_conv2d_and_bitserial_conv(data: st.DataObject):
    conv = data.draw(convolutions())
    x_code, w_code = data.draw(affine_codes(8)), data.draw(affine_codes(8))
    x = data.draw(values_of(x_code, conv.x_shape))
    w = data.draw(values_of(w_code, conv.w_shape))
    types = [TensorType(x_code, conv.x_shape), TensorType(w_code, conv.w_shape)]
    expected = reference.conv2d(x, w, **conv.clauses)
    clauses = conv_clauses(**conv.clauses)

    level1 = run(module_of(types, lambda a, b: Conv2DOp.get(a, b, **clauses).result), x, w)
    assert level1.dtype == np.int32
    np.testing.assert_array_equal(level1, expected)

    word = data.draw(st.sampled_from([8, 16, 32, 64]))
    lanes = data.draw(st.integers(1, 5))
    wider = data.draw(st.lists(st.integers(0, 2), min_size=4, max_size=4))
    frame = [p + more for p, more in zip(conv.clauses["padding"], wider, strict=True)]
    module = module_of(types, lambda a, b: bitserial_conv(a, b, conv, word, lanes, frame, None)[0])
    level2 = run(module, x, w)
    assert level2.dtype == np.int32
    np.testing.assert_array_equal(level2, expected)


def bitserial_conv(
    x: SSAValue,
    w: SSAValue,
    conv: Convolution,
    word: int,
    lanes: int,
    frame: Sequence[int],
    epilogue: Callable[[SSAValue], SSAValue] | None,
) -> Sequence[SSAValue]:
    """Build the level-2 form of a convolution of unpacked operands."""
    assert isinstance(x.type, TensorType)
    assert isinstance(w.type, TensorType)
    x_code, w_code = x.type.element_type, w.type.element_type
    assert isinstance(x_code, AffineCode)
    assert isinstance(w_code, AffineCode)
    clauses = conv_clauses(**conv.clauses)
    geometry, layout = conv.geometry, conv.layout
    operands: list[SSAValue] = [
        BitpackOp.get(x, activation_layout(layout, word, frame, geometry.groups)).result,
        BitpackOp.get(w, weight_layout(layout, word, lanes, geometry.groups)).result,
    ]
    if decompose(x_code, w_code).needs_correction:
        image = (geometry.rows.extent, geometry.cols.extent)
        operands.append(CorrectionOp.get(w, x_code, image, **clauses).result)
    sums = TensorType(i32, conv.result_shape)
    if epilogue is None:
        return BitserialConvOp.build_op(operands, [sums], (), **clauses).results
    block = Block(arg_types=[sums])
    with ImplicitBuilder(block):
        value = epilogue(block.args[0])
        YieldOp.build_op([value], [])
    return BitserialConvOp.build_op(operands, [value.type], [Region(block)], **clauses).results


@given(st.data(), st.integers(1, 4), st.integers(1, 70), st.integers(1, 4))
def test_matmul_and_bitserial_gemm(data: st.DataObject, m: int, k: int, n: int):
    x_code, w_code = data.draw(affine_codes(8)), data.draw(affine_codes(8))
    x, w = data.draw(values_of(x_code, (m, k))), data.draw(values_of(w_code, (k, n)))
    types = [TensorType(x_code, (m, k)), TensorType(w_code, (k, n))]
    expected = reference.matmul(x, w)
    level1 = run(module_of(types, lambda a, b: MatmulOp.get(a, b).result), x, w)
    np.testing.assert_array_equal(level1, expected)
    word = data.draw(st.sampled_from([8, 16, 32, 64]))
    lanes = data.draw(st.integers(1, 5))

    def build(a: SSAValue, b: SSAValue) -> SSAValue:
        operands: list[SSAValue] = [
            BitpackOp.get(a, matmul_rows_layout(word)).result,
            BitpackOp.get(b, matmul_rhs_layout(word, lanes)).result,
        ]
        if decompose(x_code, w_code).needs_correction:
            operands.append(CorrectionOp.get(b, x_code).result)
        return BitserialGemmOp.build_op(operands, [TensorType(i32, (m, n))]).result

    np.testing.assert_array_equal(run(module_of(types, build), x, w), expected)


@st.composite
def table_indices(draw: st.DrawFn) -> tuple[int, tuple[int, int]]:
    """Lanes of a block, and the bits of an index and bytes of a register."""
    register = draw(st.sampled_from([4, 16, 64]))
    return register * draw(st.integers(1, 2)), (draw(st.sampled_from([4, 6])), register)


@given(st.data(), table_indices())
def test_lut_conv(data: st.DataObject, indices: tuple[int, tuple[int, int]]):
    conv, (lanes, index) = data.draw(convolutions()), indices
    x_code, w_code = data.draw(affine_codes(8)), data.draw(affine_codes(8))
    assume(LutSums.of(x_code, w_code, index[0]).why_not is None)
    x = data.draw(values_of(x_code, conv.x_shape))
    w = data.draw(values_of(w_code, conv.w_shape))
    types = [TensorType(x_code, conv.x_shape), TensorType(w_code, conv.w_shape)]
    clauses, geometry, layout = conv_clauses(**conv.clauses), conv.geometry, conv.layout
    frame, groups = conv.clauses["padding"], conv.geometry.groups

    def build(a: SSAValue, b: SSAValue) -> SSAValue:
        operands: list[SSAValue] = [
            BitpackOp.get(a, activation_layout(layout, TABLE_WORD, frame, groups)).result,
            BitpackOp.get(b, index_weight_layout(layout, lanes, index, groups)).result,
        ]
        if decompose(x_code, w_code).needs_correction:
            image, strategy = (geometry.rows.extent, geometry.cols.extent), StringAttr("lut")
            correction = CorrectionOp.get(b, x_code, image, strategy=strategy, **clauses)
            operands.append(correction.result)
        sums = TensorType(i32, conv.result_shape)
        return LutConvOp.build_op(operands, [sums], (), **clauses).result

    found = run(module_of(types, build), x, w)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, reference.conv2d(x, w, **conv.clauses))


@given(
    st.data(), table_indices(), st.integers(1, 4), st.integers(1, 140), st.sampled_from([1, 5, 70])
)
def test_lut_gemm(
    data: st.DataObject, indices: tuple[int, tuple[int, int]], m: int, k: int, n: int
):
    lanes, index = indices
    x_code, w_code = data.draw(affine_codes(8)), data.draw(affine_codes(8))
    assume(LutSums.of(x_code, w_code, index[0]).why_not is None)
    x, w = data.draw(values_of(x_code, (m, k))), data.draw(values_of(w_code, (k, n)))

    def build(a: SSAValue, b: SSAValue) -> SSAValue:
        operands: list[SSAValue] = [
            BitpackOp.get(a, matmul_lhs_layout(TABLE_WORD)).result,
            BitpackOp.get(b, index_matmul_rhs_layout(lanes, index)).result,
        ]
        if decompose(x_code, w_code).needs_correction:
            strategy = StringAttr("lut")
            operands.append(CorrectionOp.get(b, x_code, strategy=strategy).result)
        return LutGemmOp.build_op(operands, [TensorType(i32, (m, n))]).result

    types = [TensorType(x_code, (m, k)), TensorType(w_code, (k, n))]
    found = run(module_of(types, build), x, w)
    np.testing.assert_array_equal(found, reference.matmul(x, w))


@given(st.data())
def test_epilogue(data: st.DataObject):
    """Glue and bitpack in the epilogue; what comes out is packed."""
    conv = data.draw(convolutions())
    x_code, w_code, code = (data.draw(affine_codes(2)) for _ in range(3))
    x = data.draw(values_of(x_code, conv.x_shape))
    w = data.draw(values_of(w_code, conv.w_shape))
    channels, axis = conv.geometry.oc, 3 if conv.layout == "nhwc" else 1
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    thresholds = np.sort(rng.integers(-9, 9, (channels, (1 << code.width) - 1), np.int32))
    flip = rng.integers(0, 2, channels).astype(np.bool_)
    layout = activation_layout(conv.layout, 32, (1, 1, 1, 1))
    types = [
        TensorType(x_code, conv.x_shape),
        TensorType(w_code, conv.w_shape),
        TensorType(i32, thresholds.shape),
        TensorType(i1, flip.shape),
    ]

    def build(a: SSAValue, b: SSAValue, t: SSAValue, f: SSAValue) -> Sequence[SSAValue]:
        def glue(acc: SSAValue) -> SSAValue:
            type_ = TensorType(code, conv.result_shape)
            levels = FusedGlueOp.threshold(acc, t, type_, f, axis)
            return BitpackOp.get(levels, layout).result

        return bitserial_conv(a, b, conv, 32, 4, conv.clauses["padding"], glue)

    (result,) = interpret(module_of(types, build), "f", x, w, thresholds, flip)
    assert isinstance(result, PackedArray)
    sums = reference.conv2d(x, w, **conv.clauses)
    expected = reference.fused_glue_threshold(sums, thresholds, code, flip, axis)
    np.testing.assert_array_equal(result.values, expected)


PACKED = TensorType(UnipolarType(1), [9, 9], matmul_lhs_layout(32))


def test_packed_arguments():
    module = module_of([PACKED], lambda a: UnpackOp.get(a).result)
    values = np.eye(9, dtype=np.uint8)
    words = from_values(values, PACKED)
    assert isinstance(words, PackedArray)
    np.testing.assert_array_equal(run(module, values), values)
    np.testing.assert_array_equal(run(module, words), values)


@pytest.mark.parametrize(
    ("type_", "args", "message"),
    [
        (SMALL, [], "@f takes 1 arguments, got 0"),
        (SMALL, [np.zeros((3, 2), np.int32)], "argument 0 of @f: expected shape (2, 3)"),
        (SMALL, [np.zeros((2, 3))], "argument 0 of @f: expected numbers of i32, got float64"),
        (SMALL, [np.full((2, 3), 2**31)], "an element does not fit in i32"),
        (TensorType(f32, [1]), [np.array(["x"])], "expected numbers of f32"),
        (TensorType(UnipolarType(1), [2]), [[0, 2]], "argument 0 of @f: 2 at index [1] is not"),
        (TensorType(UnipolarType(1), [2]), [[0.0, 1.0]], "expected integers of code"),
        (PACKED, [np.full((9, 9), 2)], "2 at index [0, 0] is not a value of code unipolar<1>"),
        (
            PACKED,
            [from_values(np.zeros((9, 9), int), with_encoding(PACKED, matmul_lhs_layout(8)))],
            "got words of tensor<9x9x!lowbit.unipolar<1>, #lowbit.packed<axis = 1, word = i8",
        ),
        (TensorType(f16, [1]), [[0.0]], "tensors of f16 have no numpy value"),
        (i32, [3], "only tensors have numpy values, got i32"),
    ],
)
def test_bad_arguments(type_: Attribute, args: list, message: str):
    module = module_of([type_], lambda a: a)
    with pytest.raises(InterpretationError, match=re.escape(message)):
        interpret(module, "f", *args)


def test_no_such_function():
    with pytest.raises(InterpretationError, match="no function @g"):
        interpret(module_of([SMALL], lambda a: a), "g")


def test_an_error_inside_names_the_operation(monkeypatch: pytest.MonkeyPatch):
    types = [SMALL, TensorType(i32, [3]), TensorType(i32, [3])]
    result = TensorType(UnipolarType(2), [2, 3])

    def build(acc: SSAValue, offset: SSAValue, shift: SSAValue) -> SSAValue:
        return FusedGlueOp.shift(acc, offset, shift, result).result

    def refuse(*_: object) -> None:
        raise ValueError("no such numbers")

    monkeypatch.setattr(reference, "fused_glue_shift", refuse)
    with pytest.raises(ValueError, match="no such numbers") as error:
        interpret(module_of(types, build), "f", np.zeros((2, 3), int), [0] * 3, [32] * 3)
    assert '"lowbit.fused_glue"(%0, %1, %2)' in error.value.__notes__[0]


def test_the_interpreter_can_be_extended():
    interpreter = lowbit_interpreter(module_of([SMALL], lambda a: a))
    array = np.zeros((2, 3), np.int32)
    assert interpreter.call_op("f", (array,)) == (array,)
