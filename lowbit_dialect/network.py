"""Write a network layer by layer, its constants given as numpy arrays.

    net = NetworkBuilder(TensorType(parse_code("unipolar<2>"), [1, 8, 8, 64]))
    acc = net.conv2d(net.inputs[0], weights, "bipolar<1>", padding=(1, 1, 1, 1))
    module = net.finish(net.threshold(acc, thresholds, "unipolar<2>"))

For networks that come from a training script; the IR is the same as one written by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
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

from lowbit_dialect.arguments import Pair, Sides, integer, layout_name, pair, sides
from lowbit_dialect.arrays import as_array, as_dtype
from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.constants import constant_tensor, constant_values
from lowbit_dialect.layout import PLANE, PackedAttr, byte_count
from lowbit_dialect.ops.base import floats, int_
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp, conv_clauses
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pack import ConstantOp, UnpackOp, with_encoding
from lowbit_dialect.ops.pool import MaxPool2DOp
from lowbit_dialect.thresholds import f32_scales, integer_thresholds


def dense_layout(type_: TensorType) -> PackedAttr:
    """The layout of 8-bit words, packed along one dimension, that takes the fewest bytes."""
    rank = len(type_.get_shape())
    layouts = [PackedAttr.get(axis, 8, [PLANE, *range(rank)]) for axis in reversed(range(rank))]
    return min(layouts, key=lambda layout: byte_count(with_encoding(type_, layout)))


class NetworkBuilder:
    """One function, built from its inputs to its results; `inputs` are the arguments.

    Every method appends operations and returns the value that they make; shapes and codes are
    those of the operations of the same name. Arrays are anything that numpy, DLPack or the buffer
    protocol can read, and nested lists. What an argument cannot be is a ValueError that names it;
    whether the operations fit each other is checked by `finish` at the latest, and is a
    VerifyException.

    Args:
        input_types: a tensor type for each input.
        name: of the function.
    """

    def __init__(self, *input_types: TensorType, name: str = "main"):
        for i, type_ in enumerate(input_types):
            if not isinstance(type_, TensorType):
                raise ValueError(
                    f"input {i}: expected a TensorType, as TensorType(parse_code('unipolar<2>'),"
                    f" [1, 8, 8, 64]), got {type_!r}"
                )
        if not isinstance(name, str):
            raise ValueError(f"name: expected a text, got {name!r}")
        self._function = func.FuncOp(name, (list(input_types), []))
        self._builder = Builder(InsertPoint.at_end(self._function.body.block))
        self._bounds: dict[SSAValue, int] = {}
        self._is_finished = False
        self.inputs: tuple[SSAValue, ...] = tuple(self._function.body.block.args)

    def _value(self, op: Operation) -> SSAValue:
        if self._is_finished:
            raise ValueError("the network is finished")
        return self._builder.insert(op).results[0]

    def _bound(self, value: SSAValue) -> int:
        """The largest magnitude of an element of a tensor."""
        if isinstance(value.type, TensorType) and isinstance(value.type.element_type, Code):
            return value.type.element_type.max_magnitude
        return self._bounds.get(value, 1 << 31)

    def weights(self, values: Any, code: str | Code, name: str = "weights") -> SSAValue:
        """Constant integers of a code, held packed in as few bytes as they take.

        Raises:
            ValueError: an element is not a value of the code.
        """
        array = as_array(values, name)
        type_ = TensorType(parse_code(code), array.shape)
        if not array.size or not array.ndim:
            raise ValueError(f"{name}: expected a dimension and elements, got {list(array.shape)}")
        packed = ConstantOp.from_values(array, with_encoding(type_, dense_layout(type_)), name)
        return self._value(UnpackOp.get(self._value(packed)))

    def constant(self, values: Any) -> SSAValue:
        """A constant tensor of i1 for booleans, of i32 for integers.

        Raises:
            ValueError: the numbers are neither, or i32 does not hold one.
        """
        constant = self._value(constant_tensor(values))
        numbers = constant_values(constant)
        if numbers is not None and numbers.size:
            self._bounds[constant] = int(np.abs(numbers).max())
        return constant

    def conv2d(
        self,
        x: SSAValue,
        weights: Any,
        code: str | Code,
        *,
        strides: Pair = (1, 1),
        padding: Sides = (0, 0, 0, 0),
        dilation: Pair = (1, 1),
        groups: int = 1,
        layout: str = "nhwc",
    ) -> SSAValue:
        """`lowbit.conv2d` with constant weights of a code.

        Args:
            x: the activations, a tensor of a code.
            weights: values of the code, (OC, KH, KW, C / groups) or (OC, C / groups, KH, KW).
            code: of the weights.
            strides: (height, width), or one integer for both.
            padding: top, bottom, left, right; or ((top, bottom), (left, right)), (height, width)
                or one integer for all sides.
            dilation: as strides.
            groups: equal groups that the channels are cut into.
            layout: nhwc or nchw.

        Raises:
            ValueError, VerifyException: an argument does not fit; the message names it.
        """
        clauses = conv_clauses(
            pair(strides, "strides"),
            sides(padding, "padding"),
            pair(dilation, "dilation"),
            integer(groups, "groups"),
            layout_name(layout),
        )
        op = Conv2DOp.get(_tensor(x, "x"), self.weights(weights, code), **clauses)
        return self._contraction(op)

    def matmul(self, x: SSAValue, weights: Any, code: str | Code) -> SSAValue:
        """`lowbit.matmul` with constant weights (K, N) of a code.

        Raises:
            ValueError, VerifyException: an argument does not fit; the message names it.
        """
        return self._contraction(MatmulOp.get(_tensor(x, "x"), self.weights(weights, code)))

    def _contraction(self, op: Conv2DOp | MatmulOp) -> SSAValue:
        value = self._value(op)
        self._bounds[value] = op.geometry.taps * self._bound(op.x) * self._bound(op.w)
        return value

    def threshold(
        self,
        acc: SSAValue,
        thresholds: Any,
        code: str | Code,
        flip: Any = None,
        axis: int = -1,
    ) -> SSAValue:
        """`lowbit.fused_glue` in threshold form.

        Args:
            acc: the accumulators, a tensor of i32.
            thresholds: (C, T) ascending, integers or floats; an accumulator reaches t where it
                reaches ceil(t), and those beyond i32, or infinite, always or never.
            code: of the result.
            flip: (C,) booleans, or 0 and 1.
            axis: the channel dimension.

        Raises:
            ValueError: a threshold is NaN or no number, or a flip neither 0 nor 1.
        """
        type_ = _tensor(acc, "acc").type
        rows = self.constant(integer_thresholds(thresholds, self._bound(acc)))
        flips = None
        if flip is not None:
            flips = self.constant(as_dtype(as_array(flip, "flip"), np.dtype(np.bool_), "flip"))
        result = TensorType(parse_code(code), type_.get_shape())
        return self._value(FusedGlueOp.threshold(acc, rows, result, flips, integer(axis, "axis")))

    def max_pool2d(
        self,
        x: SSAValue,
        kernel: Pair,
        strides: Pair | None = None,
        padding: Sides = (0, 0, 0, 0),
        layout: str = "nhwc",
    ) -> SSAValue:
        """`lowbit.max_pool2d`; kernel, strides and padding as those of `conv2d`."""
        window = pair(kernel, "kernel")
        steps = window if strides is None else pair(strides, "strides")
        frame = sides(padding, "padding")
        return self._value(
            MaxPool2DOp.get(_tensor(x, "x"), window, steps, frame, layout_name(layout))
        )

    def add(self, lhs: SSAValue, rhs: SSAValue, element: Attribute | str = i32) -> SSAValue:
        """`lowbit.add`, giving i32 or a code."""
        type_ = _tensor(lhs, "lhs").type
        _tensor(rhs, "rhs")
        result = TensorType(i32 if element == i32 else parse_code(element), type_.get_shape())
        value = self._value(AddOp.build_op([lhs, rhs], [result]))
        self._bounds[value] = min(1 << 31, self._bound(lhs) + self._bound(rhs))
        return value

    def quantize(
        self,
        x: SSAValue,
        code: str | Code,
        scale: Any,
        rounding: str = "half_even",
        axis: int = -1,
    ) -> SSAValue:
        """`lowbit.quantize`: one scale, or one for each index of the dimension `axis`.

        Raises:
            ValueError: a scale is not positive and finite as f32.
        """
        result = TensorType(parse_code(code), _tensor(x, "x").type.get_shape())
        clauses = {
            "scale": floats(f32_scales(scale)),
            "round": StringAttr(str(rounding)),
            "axis": int_(integer(axis, "axis")),
        }
        return self._value(QuantizeOp.build_op([x], [result], **clauses))

    def dequantize(self, x: SSAValue, scale: Any, axis: int = -1) -> SSAValue:
        """`lowbit.dequantize`: one scale, or one for each index of the dimension `axis`.

        Raises:
            ValueError: a scale is not positive and finite as f32.
        """
        result = TensorType(f32, _tensor(x, "x").type.get_shape())
        clauses = {"scale": floats(f32_scales(scale)), "axis": int_(integer(axis, "axis"))}
        return self._value(DequantizeOp.build_op([x], [result], **clauses))

    def finish(self, *results: SSAValue) -> ModuleOp:
        """Return these values from the function: the verified module that holds it.

        Raises:
            ValueError: a result is no tensor of the network, or the network is finished already.
            VerifyException: an operation does not verify.
        """
        for i, result in enumerate(results):
            _tensor(result, f"result {i}")
        if self._is_finished:
            raise ValueError("the network is finished")
        self._is_finished = True
        self._builder.insert(func.ReturnOp(*results))
        self._function.update_function_type()
        module = ModuleOp([self._function])
        module.verify()
        return module


def _tensor(value: Any, name: str) -> SSAValue[TensorType]:
    """A value that a method of the builder has made.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, SSAValue) or not isinstance(value.type, TensorType):
        raise ValueError(f"{name}: expected a tensor of the network, got {type(value).__name__}")
    return value
