"""Write a network layer by layer, its constants given as numpy arrays.

    net = NetworkBuilder(TensorType(parse_code("unipolar<2>"), [1, 8, 8, 64]))
    acc = net.conv2d(net.inputs[0], weights, "bipolar<1>", padding=(1, 1, 1, 1))
    module = net.finish(net.threshold(acc, thresholds, "unipolar<2>"))

For networks that come from a training script; the IR is the same as one written by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import StringAttr, TensorType, f32, i32
from xdsl.ir import Attribute, SSAValue

from lowbit_dialect.arguments import Pair, Sides, integer, layout_name, pair, sides
from lowbit_dialect.arrays import as_array, as_dtype
from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.network_function import NetworkFunction, dense_layout
from lowbit_dialect.ops.base import floats, int_
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp, conv_clauses
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pool import AvgPool2DOp, MaxPool2DOp
from lowbit_dialect.step_function import Function, tabulate
from lowbit_dialect.thresholds import f32_scales, integer_thresholds

__all__ = ["NetworkBuilder", "dense_layout"]


class NetworkBuilder(NetworkFunction):
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
        op = Conv2DOp.get(self.tensor(x, "x"), self.weights(weights, code), **clauses)
        return self._value(op)

    def matmul(self, x: SSAValue, weights: Any, code: str | Code) -> SSAValue:
        """`lowbit.matmul` with constant weights (K, N) of a code.

        Raises:
            ValueError, VerifyException: an argument does not fit; the message names it.
        """
        return self._value(MatmulOp.get(self.tensor(x, "x"), self.weights(weights, code)))

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
        type_ = self.tensor(acc, "acc").type
        rows = self.constant(integer_thresholds(thresholds, lambda: self._ranges.of(acc).bound))
        flips = None
        if flip is not None:
            flips = self.constant(as_dtype(as_array(flip, "flip"), np.dtype(np.bool_), "flip"))
        result = TensorType(parse_code(code), type_.get_shape())
        return self._value(FusedGlueOp.threshold(acc, rows, result, flips, integer(axis, "axis")))

    def glue(self, acc: SSAValue, function: Function, code: str | Code, axis: int = -1) -> SSAValue:
        """`lowbit.fused_glue` that computes a Python function, in threshold form.

        The function is called with every sum that the accumulators can reach, at most 2^26 over all
        channels, in chunks; nothing of it is kept but its steps.

        Args:
            acc: the accumulators, a tensor of i32: of contractions with constant weights, and sums
                of such.
            function: from sums (n, C), integers with a column for each channel, to values of the
                code, of the same shape and any dtype. In each channel it only rises or only falls.
            code: of the result.
            axis: the channel dimension.

        Raises:
            ValueError: acc can reach more sums; or the function gives what is no value of the code,
                or rises and falls in one channel. The message names the channel and the sums.
        """
        shape = self.tensor(acc, "acc").type.get_shape()
        dim = integer(axis, "axis")
        if not -len(shape) <= dim < len(shape):
            raise ValueError(f"axis {dim} is not a dimension of acc, which has {len(shape)}")
        sums = self._ranges.of(acc).along(dim % len(shape), shape[dim])
        steps = tabulate(function, sums, parse_code(code))
        flip = steps.flip if steps.flip.any() else None
        return self.threshold(acc, steps.thresholds, code, flip, axis)

    def shift(
        self,
        acc: SSAValue,
        offset: Any,
        shift: Any,
        code: str | Code,
        axis: int = -1,
        lo: int | None = None,
        hi: int | None = None,
    ) -> SSAValue:
        """`lowbit.fused_glue` in shift form: levels clip((acc + offset) >> shift, lo, hi).

        Args:
            acc: the accumulators, a tensor of i32.
            offset: (C,) integers, or one for all channels.
            shift: (C,) integers of 0 .. 31, or one for all channels.
            code: of the result.
            axis: the channel dimension.
            lo: lowest level, 0 where not given.
            hi: highest level, 2^b - 1 where not given.

        Raises:
            ValueError: an offset or a shift is no integer of i32.
        """
        type_ = self.tensor(acc, "acc").type
        dim = integer(axis, "axis")
        offsets, shifts = (
            self.constant(_for_channels(values, type_, dim, name), name)
            for values, name in ((offset, "offset"), (shift, "shift"))
        )
        result = TensorType(parse_code(code), type_.get_shape())
        low, high = (None if v is None else integer(v, n) for v, n in ((lo, "lo"), (hi, "hi")))
        return self._value(FusedGlueOp.shift(acc, offsets, shifts, result, dim, low, high))

    def scale(
        self,
        acc: SSAValue,
        multiplier: Any,
        shift: Any,
        code: str | Code,
        offset: Any = 0,
        zero: int = 0,
        axis: int = -1,
        lo: int | None = None,
        hi: int | None = None,
    ) -> SSAValue:
        """`lowbit.fused_glue` in scale form, as gemmlowp and TFLite requantise.

        Args:
            acc: the accumulators, a tensor of i32.
            multiplier: (C,) integers of i32, the scale times 2^(31 + shift), or one for all.
            shift: (C,) integers of 0 .. 31, or one for all channels.
            code: of the result.
            offset: (C,) integers that are added to the accumulators, or one for all channels.
            zero: the level (0 is that of the smallest value of the code) that 0 becomes.
            axis: the channel dimension.
            lo: lowest level, 0 where not given.
            hi: highest level, 2^b - 1 where not given.

        Raises:
            ValueError: a parameter is no integer of i32.
        """
        type_ = self.tensor(acc, "acc").type
        dim = integer(axis, "axis")
        given = {"offset": offset, "multiplier": multiplier, "shift": shift}
        parameters = [
            self.constant(_for_channels(values, type_, dim, name), name)
            for name, values in given.items()
        ]
        result = TensorType(parse_code(code), type_.get_shape())
        low, high = (None if v is None else integer(v, n) for v, n in ((lo, "lo"), (hi, "hi")))
        level = integer(zero, "zero")
        return self._value(FusedGlueOp.scale(acc, parameters, result, dim, level, low, high))

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
            MaxPool2DOp.get(self.tensor(x, "x"), window, steps, frame, layout_name(layout))
        )

    def avg_pool2d(
        self,
        x: SSAValue,
        kernel: Pair | None = None,
        strides: Pair | None = None,
        padding: Sides = (0, 0, 0, 0),
        layout: str = "nhwc",
        rounding: str = "half_even",
        count_padding: bool = False,
    ) -> SSAValue:
        """`lowbit.avg_pool2d`: of windows as those of `max_pool2d`, or of the whole image."""
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


def _for_channels(values: Any, type_: TensorType, axis: int, name: str) -> NDArray:
    """An array, or one number for each index of a dimension."""
    array, rank = as_array(values, name), len(type_.get_shape())
    if array.ndim or not -rank <= axis < rank:
        return array
    return np.full(type_.get_shape()[axis], array)
