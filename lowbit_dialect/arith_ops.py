"""Operations of the `arith` dialect that xDSL defines with fewer properties than MLIR."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.arith import IntegerOverflowAttr
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.extended import extended


@irdl_op_definition
class TruncIOp(IRDLOperation):
    """An integer of fewer bits, the lowest ones.

    With `overflow<nsw>` or `overflow<nuw>` a result that is not the same number, signed or
    unsigned, is undefined.
    """

    name = "arith.trunci"

    input = operand_def(IntegerType)
    result = result_def(IntegerType)
    overflowFlags = prop_def(  # noqa: N815  MLIR's name
        IntegerOverflowAttr, default_value=IntegerOverflowAttr("none")
    )

    traits = traits_def(Pure())

    assembly_format = (
        "$input (`overflow` `` $overflowFlags^)? attr-dict `:` type($input) `to` type($result)"
    )

    def __init__(self, input: SSAValue | Operation, result_type: IntegerType):
        super().__init__(operands=[input], result_types=[result_type])

    def verify_(self) -> None:
        """The result has fewer bits."""
        source, result = self.input.type, self.result.type
        assert isinstance(source, IntegerType)
        assert isinstance(result, IntegerType)
        if result.width.data >= source.width.data:
            raise VerifyException(f"expected fewer bits than in {source}, got {result}")


OPERATIONS: tuple[type[Operation], ...] = (TruncIOp,)
"""The operations that xDSL defines otherwise."""

ARITH = extended(arith.Arith, OPERATIONS)
"""The dialect `arith`: xDSL's, with `OPERATIONS` in place of its own."""
