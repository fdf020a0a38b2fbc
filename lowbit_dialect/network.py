"""Write a network layer by layer, its constants given as numpy arrays.

    net = NetworkBuilder(TensorType(parse_code("unipolar<2>"), [1, 8, 8, 64]))
    acc = net.conv2d(net.inputs[0], weights, "bipolar<1>", padding=(1, 1, 1, 1))
    module = net.finish(net.threshold(acc, thresholds, "unipolar<2>"))

For networks that come from a training script; the IR is the same as one written by hand.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    ModuleOp,
    StringAttr,
    TensorType,
    f32,
    i32,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint

from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.constants import constant_tensor
from lowbit_dialect.layout import PLANE, PackedAttr, byte_count
from lowbit_dialect.ops.base import floats
from lowbit_dialect.ops.contraction import Conv2DOp, conv_clauses
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pack import ConstantOp, UnpackOp, with_encoding
from lowbit_dialect.ops.pool import MaxPool2DOp


def dense_layout(type_: TensorType) -> PackedAttr:
    """The layout of 8-bit words, packed along one dimension, that takes the fewest bytes."""
    rank = len(type_.get_shape())
    layouts = [PackedAttr.get(axis, 8, [PLANE, *range(rank)]) for axis in reversed(range(rank))]
    return min(layouts, key=lambda layout: byte_count(with_encoding(type_, layout)))


class NetworkBuilder:
    """One function, built from its inputs to its results; `inputs` are the arguments.

    Every method appends operations and returns the value that they make; shapes and codes are
    those of the operations of the same name. Nothing is checked before `finish`, except that
    weights are values of their code.
    """

    def __init__(self, *input_types: TensorType, name: str = "main"):
        self._function = func.FuncOp(name, (list(input_types), []))
        self._builder = Builder(InsertPoint.at_end(self._function.body.block))
        self.inputs: tuple[SSAValue, ...] = tuple(self._function.body.block.args)

    def _value(self, op: Operation) -> SSAValue:
        return self._builder.insert(op).results[0]

    def weights(self, values: NDArray[np.integer], code: str | Code) -> SSAValue:
        """Constant integers of a code, held packed in as few bytes as they take.

        Raises:
            ValueError: an element is not a value of the code.
        """
        type_ = TensorType(parse_code(code), values.shape)
        packed = ConstantOp.from_values(values, with_encoding(type_, dense_layout(type_)))
        return self._value(UnpackOp.get(self._value(packed)))

    def constant(self, values: NDArray[np.integer] | NDArray[np.bool_]) -> SSAValue:
        """A constant tensor of i1 for booleans, of i32 for integers."""
        return self._value(constant_tensor(values))

    def conv2d(
        self,
        x: SSAValue,
        weights: NDArray[np.integer],
        code: str | Code,
        *,
        strides: Sequence[int] = (1, 1),
        padding: Sequence[int] = (0, 0, 0, 0),
        dilation: Sequence[int] = (1, 1),
        groups: int = 1,
        layout: str = "nhwc",
    ) -> SSAValue:
        """`lowbit.conv2d` with constant weights of a code; padding is top, bottom, left, right."""
        clauses = conv_clauses(strides, padding, dilation, groups, layout)
        return self._value(Conv2DOp.get(x, self.weights(weights, code), **clauses))

    def threshold(
        self,
        acc: SSAValue,
        thresholds: NDArray[np.integer],
        code: str | Code,
        flip: NDArray[np.bool_] | None = None,
        axis: int = -1,
    ) -> SSAValue:
        """`lowbit.fused_glue` in threshold form: thresholds (C, T) ascending, flip (C,)."""
        operands = (self.constant(thresholds), None if flip is None else self.constant(flip))
        result = TensorType(parse_code(code), _shape(acc))
        return self._value(FusedGlueOp.threshold(acc, operands[0], result, operands[1], axis))

    def max_pool2d(
        self,
        x: SSAValue,
        kernel: Sequence[int],
        strides: Sequence[int] | None = None,
        padding: Sequence[int] = (0, 0, 0, 0),
        layout: str = "nhwc",
    ) -> SSAValue:
        """`lowbit.max_pool2d`; padding is top, bottom, left, right."""
        return self._value(MaxPool2DOp.get(x, kernel, strides, padding, layout))

    def add(self, lhs: SSAValue, rhs: SSAValue, element: Attribute = i32) -> SSAValue:
        """`lowbit.add`, giving i32 or a code."""
        return self._value(AddOp.build_op([lhs, rhs], [TensorType(element, _shape(lhs))]))

    def quantize(
        self, x: SSAValue, code: str | Code, scale: Sequence[float], rounding: str = "half_even"
    ) -> SSAValue:
        """`lowbit.quantize`: one scale, or one for each index of the last dimension."""
        result = TensorType(parse_code(code), _shape(x))
        clauses = {"scale": floats(scale), "round": StringAttr(rounding)}
        return self._value(QuantizeOp.build_op([x], [result], **clauses))

    def dequantize(self, x: SSAValue, scale: Sequence[float]) -> SSAValue:
        """`lowbit.dequantize`: one scale, or one for each index of the last dimension."""
        result = TensorType(f32, _shape(x))
        return self._value(DequantizeOp.build_op([x], [result], scale=floats(scale)))

    def finish(self, *results: SSAValue) -> ModuleOp:
        """Return these values from the function: the verified module that holds it.

        Raises:
            VerifyException: an operation does not verify.
        """
        self._builder.insert(func.ReturnOp(*results))
        self._function.update_function_type()
        module = ModuleOp([self._function])
        module.verify()
        return module


def _shape(value: SSAValue) -> tuple[int, ...]:
    assert isinstance(value.type, TensorType)
    return value.type.get_shape()
