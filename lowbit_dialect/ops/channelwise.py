"""Operations that compute one function of one number for each channel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr
from xdsl.ir import Attribute
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.ops.base import INT, Clause, TensorOp, int_

AXIS = Clause("axis", INT, int_(-1))
"""The dimension of the channels, negative from the end."""


class ChannelwiseOp(TensorOp, ABC):
    """A function of one number, monotone in each channel, whose numbers may differ by channel.

    The clause `axis` is the dimension of the channels; the lists of `channel_numbers` hold one
    number for all of them, or one for each.
    """

    @abstractmethod
    def of_channels(self, numbers: NDArray) -> NDArray:
        """What the reference computes of numbers whose last dimension is the channels."""

    @property
    @abstractmethod
    def channel_numbers(self) -> dict[str, Sequence[float]]:
        """Every list of numbers, by the name of its clause."""

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        axis = self.axis_attr.value.data
        result = self.of_channels(np.moveaxis(operands[0], axis, -1))
        return np.ascontiguousarray(np.moveaxis(result, -1, axis))

    @property
    def axis_attr(self) -> IntegerAttr:
        """The property of the clause `axis`."""
        axis = self.properties["axis"]
        assert isinstance(axis, IntegerAttr)
        return axis

    @property
    def is_uniform(self) -> bool:
        """Whether all channels have the same function."""
        return all(len(numbers) == 1 for numbers in self.channel_numbers.values())

    def verify_channels(self, shape: Sequence[int]) -> None:
        """Check the axis, and that every list has one number, or one for each channel."""
        rank, dim = len(shape), self.axis_attr.value.data
        if not -rank <= dim < rank:
            raise VerifyException(f"axis {dim} is not one of the {rank} dimensions")
        for name, numbers in self.channel_numbers.items():
            if len(numbers) not in (1, shape[dim]):
                raise VerifyException(
                    f"{name} has {len(numbers)} entries: 1, or {shape[dim]} for dimension {dim},"
                    " are needed"
                )


def number_list(attr: Attribute) -> tuple[float, ...]:
    """The numbers of a property that is a list of f32."""
    assert isinstance(attr, DenseArrayBase)
    return tuple(attr.get_values())
