"""`lowbit.resize`: f32 resampled along one dimension."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import StringAttr, TensorType, f32
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect import reference
from lowbit_dialect.ops.base import (
    INT,
    INT_PROPERTY,
    WORD,
    Clause,
    TensorOp,
    expect_type,
    int_,
    static_shape,
)


@irdl_op_definition
class ResizeOp(TensorOp):
    """x with another extent along `axis`; two of them resize an image.

    With `mode` linear an element is a (1 - share) + b share, of the two elements a and b of x that
    it lies between, with nearest one of x. `coordinates` says where it lies: half_pixel,
    align_corners or asymmetric, as in ONNX. Of two elements that are equally near the lower one is
    taken, and with asymmetric the one that is not beyond.
    """

    name = "lowbit.resize"
    CLAUSES: ClassVar = (
        Clause("axis", INT),
        Clause("mode", WORD, StringAttr("linear")),
        Clause("coordinates", WORD, StringAttr("half_pixel")),
    )

    x = operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(INT_PROPERTY)
    mode = prop_def(StringAttr)
    coordinates = prop_def(StringAttr)
    traits = traits_def(Pure())

    @staticmethod
    def get(
        x: SSAValue | Operation,
        axis: int,
        size: int,
        mode: str = "linear",
        coordinates: str = "half_pixel",
    ) -> ResizeOp:
        """Build the op."""
        shape = list(static_shape(SSAValue.get(x).type, None, "x"))
        if not -len(shape) <= axis < len(shape):
            raise VerifyException(f"axis {axis} is not one of the {len(shape)} dimensions")
        shape[axis] = size
        clauses = {"mode": StringAttr(mode), "coordinates": StringAttr(coordinates)}
        return ResizeOp.build_op([x], [TensorType(f32, shape)], axis=int_(axis), **clauses)

    @property
    def dim(self) -> int:
        """The dimension, counted from the front."""
        rank, axis = len(static_shape(self.x.type, None, "x")), self.axis.value.data
        if not -rank <= axis < rank:
            raise VerifyException(f"axis {axis} is not one of the {rank} dimensions")
        return axis % rank

    def verify_(self) -> None:
        """Check types, the axis and words."""
        shape = list(static_shape(self.x.type, None, "x"))
        expect_type(self.x.type, TensorType(f32, shape), "x")
        given = static_shape(self.result.type, len(shape), "result")
        shape[self.dim] = given[self.dim]
        expect_type(self.result.type, TensorType(f32, shape), "result")
        for name, allowed in (("mode", reference.MODES), ("coordinates", reference.COORDINATES)):
            word = self.properties[name]
            assert isinstance(word, StringAttr)
            if word.data not in allowed:
                raise VerifyException(f"{name} {word.data!r}: {', '.join(allowed)} are allowed")

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        size = self.result.type.get_shape()[self.dim]
        return reference.resize(operands[0], self.dim, size, self.mode.data, self.coordinates.data)
