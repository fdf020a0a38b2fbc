"""Values of a model while it becomes integers: what is computed, and what it stands for."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import SSAValue

from lowbit_dialect.codes import BipolarType, Code, SignedType, UnipolarType
from lowbit_dialect.sums.ranges import SumRanges
from lowering.importers.chain import Chain
from lowering.importers.exact import Exact, exact

MOST_BITS = 8
"""Bits of the widest code."""


@dataclass(eq=False)
class Value:
    """A tensor of numbers: a chain of exact steps from the elements of another tensor.

    Args:
        data: what is computed: a tensor of f32, of i32 or of a code, or where it is constant an
            array of float32 or of int64.
        chain: from the elements of `data` to the numbers.
    """

    data: SSAValue | NDArray
    chain: Chain = field(default_factory=Chain)
    integers: Value | str | None = None
    """The same numbers as integers of a code with a scale and an offset, or why not, once asked."""
    floats: SSAValue | None = None
    """The same numbers as f32, once asked."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        if isinstance(self.data, np.ndarray):
            return self.data.shape
        assert isinstance(self.data.type, TensorType)
        return tuple(self.data.type.get_shape())

    @property
    def is_constant(self) -> bool:
        """Whether it is the same in every run."""
        return isinstance(self.data, np.ndarray)

    @property
    def has_floats(self) -> bool:
        """Whether the chain begins at floats."""
        if isinstance(self.data, np.ndarray):
            return self.data.dtype.kind == "f"
        assert isinstance(self.data.type, TensorType)
        return self.data.type.element_type == f32

    @property
    def code(self) -> Code | None:
        """The code of the elements, where they have one."""
        type_ = None if isinstance(self.data, np.ndarray) else self.data.type
        element = type_.element_type if isinstance(type_, TensorType) else None
        return element if isinstance(element, Code) else None

    def range(self, ranges: SumRanges) -> tuple[Exact, Exact]:
        """The least and the largest element of `data`, for each channel of the chain or for all."""
        if isinstance(self.data, np.ndarray):
            if not self.data.size:
                return exact([0]), exact([0])
            ends = np.array([self.data.min(), self.data.max()])
            return exact(ends[:1]), exact(ends[1:])
        if self.has_floats:
            return exact([-np.inf]), exact([np.inf])
        known = ranges.of(self.data)
        if self.chain.axis is None:
            known = known.of_all_channels()
        else:
            known = known.along(self.chain.axis, self.shape[self.chain.axis])
        return exact(known.low), exact(known.high)

    def numbers(self) -> Exact:
        """The numbers of a constant, exactly, in its shape."""
        assert isinstance(self.data, np.ndarray)
        shape, axis = self.data.shape, self.chain.axis
        moved = self.data if axis is None else np.moveaxis(self.data, axis, -1)
        columns = self.chain.channels if axis is not None else 1
        result = self.chain.of(exact(moved).reshape(-1, columns))
        if axis is None:
            return result.reshape(shape)
        return np.moveaxis(result.reshape(moved.shape), -1, axis)


def code_for(low: int, high: int, step: int = 1) -> Code | None:
    """The code of fewest bits that holds integers from low to high, or None where none does.

    Args:
        low, high: the least and the largest.
        step: 2 where all are odd.
    """
    if step == 2:
        bits = max(abs(low), abs(high)).bit_length()
        return BipolarType(bits) if bits <= MOST_BITS else None
    if low >= 0:
        bits = max(high.bit_length(), 1)
        return UnipolarType(bits) if bits <= MOST_BITS else None
    bits = max((-low - 1).bit_length(), high.bit_length()) + 1
    return SignedType(bits) if bits <= MOST_BITS else None


def code_of_constant(values: NDArray[np.integer]) -> Code | None:
    """The code of fewest bits that holds the numbers of an array."""
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    plain = code_for(low, high)
    if values.size and (values % 2 == 1).all():
        odd = code_for(int(values.min()), int(values.max()), 2)
        if odd is not None and (plain is None or odd.width <= plain.width):
            return odd
    return plain


def parameter(numbers: Exact, shape: tuple[int, ...]) -> tuple[Exact, int | None] | None:
    """Numbers that broadcast to a shape, as a list and the dimension that it runs along.

    Returns:
        The list, of one number where the dimension is None; or None where the numbers differ along
        several dimensions.
    """
    if numbers.size == 1:
        return numbers.reshape(1), None
    dims = [d + len(shape) - numbers.ndim for d in range(numbers.ndim) if numbers.shape[d] > 1]
    if len(dims) > 1 or numbers.ndim > len(shape):
        return None
    flat = numbers.reshape(-1)
    if (flat == flat[0]).all():
        return flat[:1], None
    return flat, dims[0]


def is_integer(numbers: Exact) -> bool:
    """Whether all numbers are integers."""
    return all(Fraction(number).denominator == 1 for number in numbers.reshape(-1))
