"""The glue of a network: every form of `lowbit.fused_glue`, its constants given as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from lowbit_dialect.arguments import integer
from lowbit_dialect.arrays import as_array, as_dtype
from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.network_function import NetworkFunction
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.step_function import Function, tabulate
from lowbit_dialect.thresholds import integer_thresholds


class NetworkGlue(NetworkFunction):
    """A function to which glue can be appended."""

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
        given = {"offset": offset, "shift": shift}
        result, dim, (offsets, shifts) = self._for_glue(acc, code, axis, given)
        bounds = _optional(lo, "lo"), _optional(hi, "hi")
        return self._value(FusedGlueOp.shift(acc, offsets, shifts, result, dim, *bounds))

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
        given = {"offset": offset, "multiplier": multiplier, "shift": shift}
        result, dim, parameters = self._for_glue(acc, code, axis, given)
        bounds = _optional(lo, "lo"), _optional(hi, "hi")
        level = integer(zero, "zero")
        return self._value(FusedGlueOp.scale(acc, parameters, result, dim, level, *bounds))

    def _for_glue(
        self, acc: SSAValue, code: str | Code, axis: int, parameters: Mapping[str, Any]
    ) -> tuple[TensorType, int, list[SSAValue]]:
        """The type of levels, the channel dimension, and the parameters of glue as constants."""
        type_ = self.tensor(acc, "acc").type
        dim = integer(axis, "axis")
        constants = [
            self.constant(_for_channels(values, type_, dim, name), name)
            for name, values in parameters.items()
        ]
        return TensorType(parse_code(code), type_.get_shape()), dim, constants


def _optional(value: Any, name: str) -> int | None:
    """An integer, or None where it is not given."""
    return None if value is None else integer(value, name)


def _for_channels(values: Any, type_: TensorType, axis: int, name: str) -> NDArray:
    """An array, or one number for each index of a dimension."""
    array, rank = as_array(values, name), len(type_.get_shape())
    if array.ndim or not -rank <= axis < rank:
        return array
    return np.full(type_.get_shape()[axis], array)
