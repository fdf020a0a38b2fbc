"""Values of the interpreter: elementwise operations, constants, calls, arguments."""

from collections.abc import Sequence

import numpy as np
import pytest
from dialect_strategies import affine_codes, codebooks, values_of
from hypothesis import given
from hypothesis import strategies as st
from xdsl.builder import ImplicitBuilder
from xdsl.dialects.arith import ConstantOp as ArithConstantOp
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IndexType,
    StringAttr,
    TensorType,
    f32,
    f64,
    i1,
    i8,
    i32,
    i64,
)
from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Attribute, SSAValue

from lowbit_dialect import reference
from lowbit_dialect.codes import AffineCode, BipolarType, Code, SignedType, UnipolarType
from lowbit_dialect.interpreters import (
    PackedArray,
    interpret,
    to_values,
)
from lowbit_dialect.layouts.kernels import (
    activation_layout,
    matmul_rhs_layout,
)
from lowbit_dialect.ops.base import floats, int_
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pack import BitpackOp, ConstantOp, UnpackOp, with_encoding
from lowbit_dialect.ops.pool import MaxPool2DOp
from tests.dialect.interpreted import SMALL, module_of, run


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
