"""`lowbit.transpose`, `lowbit.slice` and `lowbit.pad`: elements at other places, none changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import DenseArrayBase, TensorType, f32
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.rewriter import Rewriter
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code
from lowbit_dialect.ops.base import (
    FLOATS,
    INTS,
    INTS_PROPERTY,
    Clause,
    TensorOp,
    expect_type,
    floats,
    int_list,
    ints,
    static_shape,
)


class MoveOp(TensorOp, ABC):
    """Elements of a tensor, not packed, of a code or of any builtin element type, moved."""

    x = operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of x."""
        return static_shape(self.x.type, None, "x")

    @property
    @abstractmethod
    def result_shape(self) -> tuple[int, ...]:
        """Shape of the result; a VerifyException where a clause does not fit."""

    def with_result(self) -> None:
        """Give the result its type."""
        assert isinstance(self.x.type, TensorType)
        type_ = TensorType(self.x.type.element_type, self.result_shape)
        Rewriter.replace_value_with_new_type(self.result, type_)

    def verify_(self) -> None:
        """Check clauses, element types and the shape of the result."""
        assert isinstance(self.x.type, TensorType)
        element = self.x.type.element_type
        expect_type(self.x.type, TensorType(element, self.shape), "x")
        expect_type(self.result.type, TensorType(element, self.result_shape), "result")
        static_shape(self.result.type, None, "result")

    def numbers(self, name: str, least: int, count: int | None = None) -> list[int]:
        """A clause of an integer for each dimension, or of `count`, checked."""
        wanted = len(self.shape) if count is None else count
        values = int_list(self.properties[name])
        if len(values) != wanted or min(values, default=least) < least:
            raise VerifyException(f"{name} needs {wanted} integers >= {least}, got {values}")
        return values


@irdl_op_definition
class TransposeOp(MoveOp):
    """Dimension i of the result is dimension `permutation[i]` of x."""

    name = "lowbit.transpose"
    CLAUSES: ClassVar = (Clause("permutation", INTS),)

    permutation = prop_def(INTS_PROPERTY)

    @staticmethod
    def get(x: SSAValue | Operation, permutation: Sequence[int]) -> TransposeOp:
        """Build the op, its result type inferred."""
        op = TransposeOp.build_op([x], [SSAValue.get(x).type], permutation=ints(permutation))
        op.with_result()
        return op

    @property
    @override
    def result_shape(self) -> tuple[int, ...]:
        dims = self.numbers("permutation", 0)
        if sorted(dims) != list(range(len(dims))):
            raise VerifyException(f"permutation {dims} does not name each dimension once")
        return tuple(self.shape[dim] for dim in dims)

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        return np.ascontiguousarray(operands[0].transpose(int_list(self.permutation)))


@irdl_op_definition
class SliceOp(MoveOp):
    """Of each dimension `sizes` elements, from `offsets` on, `strides` apart."""

    name = "lowbit.slice"
    CLAUSES: ClassVar = (Clause("offsets", INTS), Clause("sizes", INTS), Clause("strides", INTS))

    offsets = prop_def(INTS_PROPERTY)
    sizes = prop_def(INTS_PROPERTY)
    strides = prop_def(INTS_PROPERTY)

    @staticmethod
    def get(
        x: SSAValue | Operation,
        offsets: Sequence[int],
        sizes: Sequence[int],
        strides: Sequence[int] | None = None,
    ) -> SliceOp:
        """Build the op, its result type inferred; neighbouring elements without strides."""
        steps = [1] * len(sizes) if strides is None else strides
        clauses = {"offsets": ints(offsets), "sizes": ints(sizes), "strides": ints(steps)}
        op = SliceOp.build_op([x], [SSAValue.get(x).type], **clauses)
        op.with_result()
        return op

    @property
    @override
    def result_shape(self) -> tuple[int, ...]:
        starts, sizes = self.numbers("offsets", 0), self.numbers("sizes", 1)
        steps = self.numbers("strides", 1)
        for dim, (start, size, step) in enumerate(zip(starts, sizes, steps, strict=True)):
            last = start + (size - 1) * step
            if last >= self.shape[dim]:
                raise VerifyException(
                    f"dimension {dim}: element {last} is not one of the {self.shape[dim]} of x"
                )
        return tuple(sizes)

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        clauses = (int_list(a) for a in (self.offsets, self.sizes, self.strides))
        index = tuple(slice(o, o + (n - 1) * s + 1, s) for o, n, s in zip(*clauses, strict=True))
        return np.ascontiguousarray(operands[0][index])


@irdl_op_definition
class PadOp(MoveOp):
    """x with `low` elements before and `high` elements after it in each dimension, all of `value`.

    A value other than 0 is for f32; a code has to hold the value 0.
    """

    name = "lowbit.pad"
    CLAUSES: ClassVar = (
        *(Clause("low", INTS), Clause("high", INTS)),
        Clause("value", FLOATS, floats([0.0])),
    )

    low = prop_def(INTS_PROPERTY)
    high = prop_def(INTS_PROPERTY)
    value = prop_def(DenseArrayBase.constr(f32))

    @staticmethod
    def get(
        x: SSAValue | Operation, low: Sequence[int], high: Sequence[int], value: float = 0.0
    ) -> PadOp:
        """Build the op, its result type inferred."""
        clauses = {"low": ints(low), "high": ints(high), "value": floats([value])}
        op = PadOp.build_op([x], [SSAValue.get(x).type], **clauses)
        op.with_result()
        return op

    @property
    def number(self) -> float:
        """The value of the elements beside x."""
        values = self.value.get_values()
        assert isinstance(self.x.type, TensorType)
        element = self.x.type.element_type
        if len(values) != 1 or (values[0] and element != f32):
            raise VerifyException(f"value is one number, 0 but for f32, got {list(values)}")
        if isinstance(element, Code) and 0 not in element.values:
            raise VerifyException(f"{element} has no value 0 for the elements beside x")
        return float(values[0])

    @override
    def verify_(self) -> None:
        """Check as others, and the value."""
        super().verify_()
        self.number  # noqa: B018  it raises

    @property
    @override
    def result_shape(self) -> tuple[int, ...]:
        low, high = self.numbers("low", 0), self.numbers("high", 0)
        return tuple(a + n + b for a, n, b in zip(low, self.shape, high, strict=True))

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        sides = list(zip(int_list(self.low), int_list(self.high), strict=True))
        return np.pad(operands[0], sides, constant_values=operands[0].dtype.type(self.number))
