"""`lowbit.concat`: tensors one behind the other along a dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def, result_def, traits_def, var_operand_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.ops.base import (
    INT,
    INT_PROPERTY,
    Clause,
    TensorOp,
    expect_type,
    int_,
    static_shape,
)
from lowbit_dialect.ops.pack import with_encoding


@irdl_op_definition
class ConcatOp(TensorOp):
    """The operands one behind the other along the dimension `axis`, the last where not given.

    They have one element type and, but for `axis`, one shape. Either none is packed, or all are
    along `axis` in the layout of the result: planes of words, or bytes of levels, without lanes and
    groups; only the frames may differ.
    """

    name = "lowbit.concat"
    CLAUSES: ClassVar = (Clause("axis", INT, int_(-1)),)

    inputs = var_operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(INT_PROPERTY)
    traits = traits_def(Pure())

    @staticmethod
    def get(
        inputs: Sequence[SSAValue | Operation], axis: int = -1, layout: PackedAttr | None = None
    ) -> ConcatOp:
        """Build the op; the result is in the layout that is given, or in none."""
        values = [SSAValue.get(value) for value in inputs]
        shapes = [static_shape(value.type, None, f"input {i}") for i, value in enumerate(values)]
        if not shapes or not -len(shapes[0]) <= axis < len(shapes[0]):
            raise VerifyException(f"axis {axis} is not a dimension of the {len(shapes)} inputs")
        shape = list(shapes[0])
        shape[axis] = sum(other[axis] if axis < len(other) else 0 for other in shapes)
        first = values[0].type
        assert isinstance(first, TensorType)
        type_ = with_encoding(TensorType(first.element_type, shape), layout)
        return ConcatOp.build_op(values, [type_], axis=int_(axis))

    @property
    def dim(self) -> int:
        """The dimension, counted from the front."""
        rank, axis = len(static_shape(self.result.type, None, "result")), self.axis.value.data
        if not -rank <= axis < rank:
            raise VerifyException(f"axis {axis} is not one of the {rank} dimensions")
        return axis % rank

    @property
    def extents(self) -> list[int]:
        """Extent of every operand along the dimension."""
        return [static_shape(value.type, None, "input")[self.dim] for value in self.inputs]

    def verify_(self) -> None:
        """Check element types, shapes and layouts."""
        shape, dim = static_shape(self.result.type, None, "result"), self.dim
        if not self.inputs:
            raise VerifyException("concat takes one operand or more")
        layout = packed_layout(self.result.type)
        reason = None if layout is None else why_not_concat(layout, dim)
        if reason is not None:
            raise VerifyException(reason)
        for i, value in enumerate(self.inputs):
            own = static_shape(value.type, None, f"input {i}")
            expected = list(shape)
            if len(own) == len(shape):
                expected[dim] = own[dim]
            plain = TensorType(self.result.type.element_type, expected)
            assert isinstance(value.type, TensorType)
            expect_type(with_encoding(value.type, None), plain, f"input {i} but for its layout")
            theirs = packed_layout(value.type)
            unframed = [each and each.with_frame(()) for each in (layout, theirs)]
            if unframed[0] != unframed[1]:
                raise VerifyException(
                    f"input {i} must lie as the result, but for its frame: {layout}, got {theirs}"
                )
        if sum(self.extents) != shape[dim]:
            raise VerifyException(
                f"the operands have {self.extents} in dimension {dim}, the result {shape[dim]}"
            )

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        return np.concatenate(operands, axis=self.dim)


def why_not_concat(layout: PackedAttr, dim: int) -> str | None:
    """Why tensors of a layout cannot be joined along a dimension as they lie, or None."""
    if layout.axis.data != dim:
        return f"packed operands are packed along axis {dim}, got {layout}"
    is_plain = not len(layout.index) and layout.bits.data == 8 and layout.bytes.data != "digits"
    if not is_plain or len(layout.lanes) or layout.groups.data != 1 or layout.shift.data:
        return f"concat takes planes of words or bytes of levels, got {layout}"
    return None
