"""Modules of levels 1 and 2 under the interpreter, against the reference."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from dialect_strategies import Convolution, affine_codes, codebooks, convolutions, values_of
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from xdsl.builder import ImplicitBuilder
from xdsl.dialects.arith import ConstantOp as ArithConstantOp
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IndexType,
    ModuleOp,
    StringAttr,
    TensorType,
    f16,
    f32,
    f64,
    i1,
    i8,
    i32,
    i64,
)
from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.utils.exceptions import InterpretationError

from lowbit_dialect import reference
from lowbit_dialect.codes import AffineCode, BipolarType, Code, SignedType, UnipolarType
from lowbit_dialect.interpreters import (
    PackedArray,
    from_values,
    interpret,
    lowbit_interpreter,
    to_values,
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
from lowbit_dialect.ops.base import floats, int_
from lowbit_dialect.ops.bitserial import BitserialConvOp, BitserialGemmOp
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp, conv_clauses
from lowbit_dialect.ops.correction import CorrectionOp
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import YieldOp
from lowbit_dialect.ops.lut import LutConvOp, LutGemmOp
from lowbit_dialect.ops.pack import BitpackOp, ConstantOp, UnpackOp, with_encoding
from lowbit_dialect.ops.pool import MaxPool2DOp
from lowbit_dialect.sums.bitserial import decompose
from lowbit_dialect.sums.lut import TABLE_WORD, LutSums


def module_of(
    types: Sequence[Attribute], build: Callable[..., Sequence[SSAValue] | SSAValue]
) -> ModuleOp:
    """A verified module of one function @f, whose body and results `build(*arguments)` makes."""
    function = FuncOp("f", (list(types), []))
    with ImplicitBuilder(function.body) as arguments:
        results = build(*arguments)
        ReturnOp(*([results] if isinstance(results, SSAValue) else results))
    function.update_function_type()
    module = ModuleOp([function])
    module.verify()
    return module


def run(module: ModuleOp, *args: NDArray | PackedArray | Sequence) -> NDArray:
    """The only result of @f, as numbers."""
    (result,) = interpret(module, "f", *args)
    return to_values(result)


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


SMALL = TensorType(i32, [2, 3])


def test_glue_by_shifts():
    result = TensorType(BipolarType(2), [2, 3])
    channels = TensorType(i32, [3])

    def build(acc: SSAValue, offset: SSAValue, shift: SSAValue) -> SSAValue:
        return FusedGlueOp.shift(acc, offset, shift, result, axis=1, lo=1).result

    acc, offset, shift = np.array([[-9, 0, 9], [100, 5, -1]]), [1, 2, 3], [0, 1, 2]
    module = module_of([SMALL, channels, channels], build)
    np.testing.assert_array_equal(
        run(module, acc, offset, shift),
        reference.fused_glue_shift(acc, offset, shift, BipolarType(2), lo=1),
    )


@pytest.mark.parametrize("rounding", ["half_even", "half_up", "half_away"])
@pytest.mark.parametrize("code", [UnipolarType(2), BipolarType(1), SignedType(3)], ids=str)
def test_quantize_and_dequantize(code: AffineCode, rounding: str):
    x = np.array([[-1.5, -0.5, 0.0], [0.5, 1.5, 99.0]], np.float32)
    properties = {"scale": floats([1.0, 0.5]), "axis": int_(0)}

    def build(a: SSAValue) -> Sequence[SSAValue]:
        q = QuantizeOp.build_op(
            [a], [TensorType(code, [2, 3])], (), **properties, round=StringAttr(rounding)
        )
        d = DequantizeOp.build_op([q], [TensorType(f32, [2, 3])], (), **properties)
        return [q.result, d.result]

    q, d = interpret(module_of([TensorType(f32, [2, 3])], build), "f", x)
    expected = reference.quantize(x, code, [1.0, 0.5], 0, rounding)
    np.testing.assert_array_equal(to_values(q), expected)
    np.testing.assert_array_equal(to_values(d), expected * np.array([[1.0], [0.5]]))


def test_add():
    code = SignedType(4)
    types = [TensorType(code, [2, 3]), SMALL]

    def build(a: SSAValue, b: SSAValue) -> Sequence[SSAValue]:
        wide = AddOp.build_op([a, b], [SMALL])
        narrow = AddOp.build_op([a, wide], [TensorType(code, [2, 3])])
        return [wide.result, narrow.result]

    b = np.array([[2**31 - 1, 0, -(2**31)], [1, 2, 3]])
    wide, narrow = interpret(module_of(types, build), "f", np.full((2, 3), 7), b)
    assert to_values(wide).dtype == np.int32
    assert to_values(wide).tolist() == [[2**31 - 1, 7, -(2**31) + 7], [8, 9, 10]]
    assert to_values(narrow).tolist() == [[7, 7, -8], [7, 7, 7]]


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
def test_max_pool2d_packed_and_not(layout: str):
    code = SignedType(3)
    shape = (2, 5, 6, 7)
    x = np.random.default_rng(0).choice(code.values, shape)
    kernel, strides, padding = (3, 2), (2, 1), (1, 0, 1, 1)
    expected = reference.max_pool2d(x, kernel, strides, padding, layout)
    types = [TensorType(code, shape)]

    def plain(a: SSAValue) -> SSAValue:
        return MaxPool2DOp.get(a, kernel, strides, padding, layout).result

    def packed(a: SSAValue) -> SSAValue:
        words = BitpackOp.get(a, activation_layout(layout, 32, (1, 2, 3, 0)))
        pooled = MaxPool2DOp.get(words, kernel, strides, padding, layout)
        framed = with_encoding(pooled.result.type, activation_layout(layout, 32, (1, 1, 1, 1)))
        again = MaxPool2DOp.build_op([words], [framed], (), **pooled.properties)
        return UnpackOp.get(again).result

    np.testing.assert_array_equal(run(module_of(types, plain), x), expected)
    np.testing.assert_array_equal(run(module_of(types, packed), x), expected)


@given(st.data(), st.one_of(affine_codes(8), codebooks()), st.booleans())
def test_constants(data: st.DataObject, code: Code, is_packed: bool):
    values = data.draw(values_of(code, (3, 9)))
    type_ = TensorType(code, [3, 9])
    if is_packed:
        type_ = with_encoding(type_, matmul_rhs_layout(8, 4))
    (result,) = interpret(module_of([], lambda: ConstantOp.from_values(values, type_).result), "f")
    assert isinstance(result, PackedArray) == is_packed
    np.testing.assert_array_equal(to_values(result), values)


@pytest.mark.parametrize(
    ("element", "values"),
    [
        (i1, [1, 0, 1]),
        (i8, [-128, 0, 127]),
        (i32, [-(2**31), 0, 5]),
        (i64, [-(2**63), 0, 5]),
        (f32, [0.5, -1.0, 2.0]),
        (f64, [0.1, -1.0, 2.0]),
        (IndexType(), [1, 2, 3]),
    ],
    ids=str,
)
def test_dense_constants(element: Attribute, values: list):
    def build() -> SSAValue:
        dense = DenseIntOrFPElementsAttr.from_list(TensorType(element, [3]), values)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return ArithConstantOp(dense).result

    assert run(module_of([], build)).tolist() == values


def test_splat_constants():
    def build() -> SSAValue:
        return ArithConstantOp(DenseIntOrFPElementsAttr.from_list(SMALL, [7])).result

    assert run(module_of([], build)).tolist() == [[7, 7, 7], [7, 7, 7]]


def test_calls():
    module = module_of([SMALL], lambda a: AddOp.build_op([a, a], [SMALL]).result)
    outer = FuncOp("g", ([SMALL], [SMALL]))
    with ImplicitBuilder(outer.body) as (a,):
        ReturnOp(CallOp("f", [a], [SMALL]))
    module.body.block.add_op(outer)
    (result,) = interpret(module, "g", np.ones((2, 3), np.int32))
    assert to_values(result).tolist() == [[2, 2, 2], [2, 2, 2]]


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
