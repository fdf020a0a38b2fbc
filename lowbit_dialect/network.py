"""Write a network layer by layer, its constants given as numpy arrays.

    net = Network(("unipolar<2>", (1, 8, 8, 64)))
    acc = net.conv2d(net.inputs[0], weights, "bipolar<1>", padding=1)
    module = net.finish(net.threshold(acc, thresholds, "unipolar<2>"))

For networks that come from a training script; the IR is the same as one written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from xdsl.dialects.builtin import StringAttr, TensorType, f32, i32
from xdsl.ir import Attribute, SSAValue

from lowbit_dialect.arguments import Pair, Sides, integer, integers, layout_name, pair, sides
from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.network_floats import NetworkFloats
from lowbit_dialect.network_function import dense_layout
from lowbit_dialect.ops.base import floats, int_
from lowbit_dialect.ops.cast import CastOp
from lowbit_dialect.ops.concat import ConcatOp
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp, conv_clauses
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.pool import AvgPool2DOp, MaxPool2DOp
from lowbit_dialect.ops.reshape import ReshapeOp
from lowbit_dialect.thresholds import f32_scales

__all__ = ["Network", "dense_layout"]


class Network(NetworkFloats):
    """One function, built from its inputs to its results; `inputs` are the arguments.

    Every method appends operations and returns the value that they make; shapes and codes are
    those of the operations of the same name. Arrays are anything that numpy, DLPack or the buffer
    protocol can read, and nested lists. What an argument cannot be is a ValueError that names it;
    whether the operations fit each other is checked by `finish` at the latest, and is a
    VerifyException.

    Args:
        input_types: the type of each input: a TensorType, or an element and a shape, as
            `("unipolar<2>", (1, 8, 8, 64))`; beside the codes, elements are f32, i32 and i8.
        name: of the function.
    """

    def conv2d(
        self,
        x: SSAValue,
        weights: Any,
        code: str | Code,
        *,
        strides: Pair = 1,
        padding: Sides = 0,
        dilation: Pair = 1,
        groups: int = 1,
        layout: str = "nhwc",
    ) -> SSAValue:
        """`lowbit.conv2d` with constant weights of a code.

        Args:
            x: the activations, a tensor of a code.
            weights: values of the code, (OC, KH, KW, C / groups) or (OC, C / groups, KH, KW).
            code: of the weights.
            strides: (height, width), or one integer for both.
            padding: one integer for all sides, (height, width), (top, bottom, left, right) or
                ((top, bottom), (left, right)).
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
        op = Conv2DOp.get(self.tensor(x, "x"), self.weights(weights, code), **clauses)
        return self._value(op)

    def matmul(self, x: SSAValue, weights: Any, code: str | Code) -> SSAValue:
        """`lowbit.matmul` with constant weights (K, N) of a code.

        Raises:
            ValueError, VerifyException: an argument does not fit; the message names it.
        """
        return self._value(MatmulOp.get(self.tensor(x, "x"), self.weights(weights, code)))

    def max_pool2d(
        self,
        x: SSAValue,
        kernel: Pair,
        strides: Pair | None = None,
        padding: Sides = 0,
        layout: str = "nhwc",
    ) -> SSAValue:
        """`lowbit.max_pool2d`; kernel, strides and padding as those of `conv2d`."""
        window = pair(kernel, "kernel")
        steps = window if strides is None else pair(strides, "strides")
        frame = sides(padding, "padding")
        return self._value(
            MaxPool2DOp.get(self.tensor(x, "x"), window, steps, frame, layout_name(layout))
        )

    def avg_pool2d(
        self,
        x: SSAValue,
        kernel: Pair | None = None,
        strides: Pair | None = None,
        padding: Sides = 0,
        layout: str = "nhwc",
        rounding: str = "half_even",
        count_padding: bool = False,
    ) -> SSAValue:
        """`lowbit.avg_pool2d`: averages of windows, or of the image where no kernel is given."""
        op = AvgPool2DOp.get(
            self.tensor(x, "x"),
            None if kernel is None else pair(kernel, "kernel"),
            None if strides is None else pair(strides, "strides"),
            sides(padding, "padding"),
            layout_name(layout),
            str(rounding),
            bool(count_padding),
        )
        return self._value(op)

    def add(self, lhs: SSAValue, rhs: SSAValue, element: Attribute | str = i32) -> SSAValue:
        """`lowbit.add`, giving i32 or a code."""
        type_ = self.tensor(lhs, "lhs").type
        self.tensor(rhs, "rhs")
        result = TensorType(i32 if element == i32 else parse_code(element), type_.get_shape())
        return self._value(AddOp.build_op([lhs, rhs], [result]))

    def reshape(self, x: SSAValue, shape: Sequence[int]) -> SSAValue:
        """`lowbit.reshape`: the elements in row-major order under another shape."""
        return self._value(ReshapeOp.get(self.tensor(x, "x"), integers(shape, "shape")))

    def flatten(self, x: SSAValue, axis: int = 1) -> SSAValue:
        """`lowbit.reshape` to two dimensions: those before `axis`, and those from there on."""
        return self._value(ReshapeOp.flatten(self.tensor(x, "x"), integer(axis, "axis")))

    def cast(
        self, x: SSAValue, code: str | Code, overflow: str | None = None, unsigned: bool = False
    ) -> SSAValue:
        """`lowbit.cast` of a tensor of i8; overflow is wrap or saturate."""
        word = None if overflow is None else str(overflow)
        op = CastOp.get(self.tensor(x, "x"), parse_code(code), word, bool(unsigned))
        return self._value(op)

    def concat(self, inputs: Sequence[SSAValue], axis: int = -1) -> SSAValue:
        """`lowbit.concat`: tensors of one element type one behind the other along a dimension."""
        if not isinstance(inputs, Iterable):
            raise ValueError(f"inputs: expected a list of tensors, got {inputs!r}")
        values = [self.tensor(value, f"inputs[{i}]") for i, value in enumerate(inputs)]
        return self._value(ConcatOp.get(values, integer(axis, "axis")))

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
        result = TensorType(parse_code(code), self.tensor(x, "x").type.get_shape())
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
        result = TensorType(f32, self.tensor(x, "x").type.get_shape())
        clauses = {"scale": floats(f32_scales(scale)), "axis": int_(integer(axis, "axis"))}
        return self._value(DequantizeOp.build_op([x], [result], **clauses))
