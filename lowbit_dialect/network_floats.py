"""The edges of a network: functions, contractions and reductions of f32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue

from lowbit_dialect.arguments import (
    Pair,
    Sides,
    f32_number,
    integer,
    integers,
    is_integer,
    pair,
    sides,
    word,
)
from lowbit_dialect.arrays import as_array
from lowbit_dialect.constants import float_constant
from lowbit_dialect.network_glue import NetworkGlue
from lowbit_dialect.ops.activations import PReluOp, UnaryOp
from lowbit_dialect.ops.base import floats, int_
from lowbit_dialect.ops.binary import BinaryOp
from lowbit_dialect.ops.contraction import conv_clauses
from lowbit_dialect.ops.float_contraction import FloatConv2DOp, FloatMatmulOp
from lowbit_dialect.ops.floats import AffineOp, BatchNormOp, ClipOp, FloatOp, RoundOp
from lowbit_dialect.ops.move import PadOp, SliceOp, TransposeOp
from lowbit_dialect.ops.reduce import ReduceOp
from lowbit_dialect.ops.resize import ResizeOp


class NetworkFloats(NetworkGlue):
    """A function to which operations of f32 can be appended."""

    def float_constant(self, values: Any, name: str = "constant") -> SSAValue:
        """A constant tensor of f32; each number is rounded to the nearest.

        Raises:
            ValueError: they are not numbers.
        """
        return self._value(float_constant(values, name))

    def affine(self, x: SSAValue, scale: Any = 1.0, offset: Any = 0.0, axis: int = -1) -> SSAValue:
        """`lowbit.affine`: x * scale + offset, numbers for all or for each index of `axis`."""
        return self._channelwise(AffineOp, x, axis, scale=scale, offset=offset)

    def batch_norm(
        self,
        x: SSAValue,
        mean: Any,
        variance: Any,
        gamma: Any = 1.0,
        beta: Any = 0.0,
        epsilon: float = 1e-5,
        axis: int = -1,
    ) -> SSAValue:
        """`lowbit.batch_norm` with the statistics of training."""
        numbers = {"mean": mean, "variance": variance, "gamma": gamma, "beta": beta}
        return self._channelwise(BatchNormOp, x, axis, **numbers, epsilon=epsilon)

    def clip(self, x: SSAValue, low: Any = None, high: Any = None, axis: int = -1) -> SSAValue:
        """`lowbit.clip`; an end that is None does not clip."""
        return self._channelwise(ClipOp, x, axis, low=low, high=high)

    def relu(self, x: SSAValue) -> SSAValue:
        """The larger one of x and 0."""
        return self.clip(x, 0.0)

    def prelu(self, x: SSAValue, slope: Any, axis: int = -1) -> SSAValue:
        """`lowbit.prelu`: x where it is positive, x * slope elsewhere; a leaky ReLU has one slope.

        Raises:
            VerifyException: a slope is negative.
        """
        return self._channelwise(PReluOp, x, axis, slope=slope)

    def round(self, x: SSAValue, to: str = "half_even") -> SSAValue:
        """`lowbit.round`: half_even, half_up, half_away or floor."""
        mode = StringAttr(word(to, "to"))
        return self._value(RoundOp.build_op([x], [self.tensor(x, "x").type], to=mode))

    def unary(self, x: SSAValue, function: str) -> SSAValue:
        """`lowbit.unary`: exp, sigmoid or tanh."""
        type_, name = self.tensor(x, "x").type, StringAttr(word(function, "function"))
        return self._value(UnaryOp.build_op([x], [type_], function=name))

    def binary(self, lhs: Any, rhs: Any, function: str) -> SSAValue:
        """`lowbit.binary`: add, sub, mul, div, max or min, of tensors of the network or numbers.

        Shapes are repeated as numpy does it.
        """
        a, b = self._operand(lhs, "lhs"), self._operand(rhs, "rhs")
        return self._value(BinaryOp.get(a, b, word(function, "function")))

    def _operand(self, value: Any, name: str) -> SSAValue:
        """A tensor of the network, or numbers as a constant of one dimension or more."""
        if isinstance(value, SSAValue):
            return self.tensor(value, name)
        return self.float_constant(np.atleast_1d(as_array(value, name)), name)

    def float_conv2d(
        self,
        x: SSAValue,
        weights: Any,
        *,
        strides: Pair = (1, 1),
        padding: Sides = (0, 0, 0, 0),
        dilation: Pair = (1, 1),
        groups: int = 1,
    ) -> SSAValue:
        """`lowbit.float_conv2d` with constant weights.

        Args:
            x: (N, H, W, C) of f32.
            weights: (OC, KH, KW, C / groups), as `conv2d` takes them.
            strides: (height, width), or one integer for both.
            padding: as `conv2d` takes it.
            dilation: as strides.
            groups: equal groups that the channels are cut into.
        """
        array = as_array(weights, "weights")
        if array.ndim != 4:
            raise ValueError(f"weights: expected 4 dimensions, got {list(array.shape)}")
        clauses = conv_clauses(
            pair(strides, "strides"),
            sides(padding, "padding"),
            pair(dilation, "dilation"),
            integer(groups, "groups"),
        )
        del clauses["layout"]
        w = self.float_constant(array.transpose(1, 2, 3, 0), "weights")
        return self._value(FloatConv2DOp.get(self.tensor(x, "x"), w, **clauses))

    def float_matmul(self, x: SSAValue, weights: Any) -> SSAValue:
        """`lowbit.float_matmul`: x (M, K) times weights (K, N), numbers or a tensor."""
        w = self._operand(weights, "weights")
        return self._value(FloatMatmulOp.get(self.tensor(x, "x"), w))

    def reduce(self, x: SSAValue, function: str, axes: int | Sequence[int] = -1) -> SSAValue:
        """`lowbit.reduce`: sum, mean, max, min or argmax along dimensions, which stay as 1."""
        dims = [integer(axes, "axes")] if is_integer(axes) else integers(axes, "axes")
        name = word(function, "function")
        return self._value(ReduceOp.get(self.tensor(x, "x"), name, dims))

    def softmax(self, x: SSAValue, axis: int = -1) -> SSAValue:
        """exp(x - max) over its sum along a dimension."""
        dim = integer(axis, "axis")
        power = self.unary(self.binary(x, self.reduce(x, "max", dim), "sub"), "exp")
        return self.binary(power, self.reduce(power, "sum", dim), "div")

    def transpose(self, x: SSAValue, permutation: Sequence[int]) -> SSAValue:
        """`lowbit.transpose`: dimension i is dimension permutation[i] of x."""
        dims = integers(permutation, "permutation")
        return self._value(TransposeOp.get(self.tensor(x, "x"), dims))

    def slice(
        self,
        x: SSAValue,
        offsets: Sequence[int],
        sizes: Sequence[int],
        strides: Sequence[int] | None = None,
    ) -> SSAValue:
        """`lowbit.slice`: `sizes` elements of each dimension from `offsets` on."""
        starts, extents = integers(offsets, "offsets"), integers(sizes, "sizes")
        steps = None if strides is None else integers(strides, "strides")
        return self._value(SliceOp.get(self.tensor(x, "x"), starts, extents, steps))

    def pad(
        self, x: SSAValue, low: Sequence[int], high: Sequence[int], value: float = 0.0
    ) -> SSAValue:
        """`lowbit.pad`: a value before and after each dimension."""
        before, after = integers(low, "low"), integers(high, "high")
        number = f32_number(value, "value")
        return self._value(PadOp.get(self.tensor(x, "x"), before, after, number))

    def resize(
        self,
        x: SSAValue,
        size: Pair,
        mode: str = "linear",
        coordinates: str = "half_pixel",
        axes: Pair = (1, 2),
    ) -> SSAValue:
        """`lowbit.resize` along two dimensions: bilinear, or nearest.

        Args:
            x: of f32, (N, H, W, C) unless `axes` says otherwise.
            size: (height, width), or one integer for both.
            mode: linear or nearest.
            coordinates: half_pixel, align_corners or asymmetric.
            axes: the dimensions of height and width.

        Raises:
            ValueError: an argument has the wrong type, or an axis is no dimension of x.
        """
        words = word(mode, "mode"), word(coordinates, "coordinates")
        dims, rank = pair(axes, "axes"), len(self.tensor(x, "x").type.get_shape())
        for i, axis in enumerate(dims):
            if not -rank <= axis < rank:
                raise ValueError(f"axes[{i}]: {axis} is not one of the {rank} dimensions of x")
        for axis, extent in zip(dims, pair(size, "size"), strict=True):
            if self.tensor(x, "x").type.get_shape()[axis] != extent:
                x = self._value(ResizeOp.get(x, axis, extent, *words))
        return x

    def _channelwise(self, kind: type[FloatOp], x: SSAValue, axis: int, **numbers: Any) -> SSAValue:
        """A channelwise function; a list of numbers that is None is left out."""
        type_ = self.tensor(x, "x").type
        clauses = {
            name: floats(_numbers(values, name))
            for name, values in numbers.items()
            if values is not None
        }
        return self._value(kind.build_op([x], [type_], axis=int_(integer(axis, "axis")), **clauses))


def _numbers(values: Any, name: str) -> list[float]:
    """One number, or a list of them, rounded to f32."""
    array = as_array(values, name)
    if array.dtype.kind not in "iuf" or array.ndim > 1:
        raise ValueError(
            f"{name}: expected a number or a list of numbers, got {array.dtype} of shape"
            f" {list(array.shape)}"
        )
    with np.errstate(over="ignore", under="ignore"):
        return np.atleast_1d(array).astype(np.float32).tolist()
