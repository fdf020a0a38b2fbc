"""`simd.broadcast_load`: a scalar of memory in every lane."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    IndexType,
    MemRefType,
    VectorType,
)
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import MemoryReadEffect
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.simd.base import SimdOperation, lanes_of


@irdl_op_definition
class BroadcastLoadOp(SimdOperation):
    """One element of memory in every lane: `memref<..xE>[indices]` to `vector<LxE>`, E iW or f32.

    %v = simd.broadcast_load %m[%i, %j] : memref<4x8xi32> to vector<16xi32>
    """

    name = "simd.broadcast_load"

    base = operand_def(MemRefType)
    indices = var_operand_def(IndexType)
    result = result_def()

    traits = traits_def(MemoryReadEffect())

    assembly_format = "$base `[` $indices `]` attr-dict `:` type($base) `to` type($result)"

    def __init__(
        self,
        base: SSAValue | Operation,
        indices: Sequence[SSAValue | Operation],
        result_type: VectorType,
    ):
        super().__init__(operands=[base, indices], result_types=[result_type])

    def verify_(self) -> None:
        """The element type is the lane type, and there is an index a dimension."""
        lanes_of("the result", self.result.type)
        assert isinstance(self.result.type, VectorType)
        assert isinstance(self.base.type, MemRefType)
        if self.base.type.element_type != self.result.type.element_type:
            raise VerifyException(
                f"the memref holds {self.base.type.element_type}, the result has lanes of "
                f"{self.result.type.element_type}"
            )
        if self.base.type.get_num_dims() != len(self.indices):
            raise VerifyException(
                f"a memref of rank {self.base.type.get_num_dims()} takes as many indices, "
                f"got {len(self.indices)}"
            )
