"""`simd.lookup`: bytes chosen from a table in registers."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import (
    UnitAttr,
)
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.simd.base import SimdOperation, int_lanes, lanes_of

TABLE_ENTRIES = (16, 32, 64, 128, 256)
"""Entries of the tables that `simd.lookup` takes: instructions choose among up to 64 of them."""


@irdl_op_definition
class LookupOp(SimdOperation):
    """`table[index mod N]`, lane by lane, of a table of N = 16 to 256 bytes in registers.

    `%table : vector<Nxi8>`, `%index : vector<Lxi8>`, whose bytes are unsigned, to `vector<Lxi8>`.
    `in_range` promises that every index is below N. Instructions disagree about others (`pshufb`
    gives 0 where bit 7 is set, `tbl` from N up), so that without it bits may have to be masked.

        %r = simd.lookup %table, %index : vector<16xi8>, vector<64xi8>
        %s = simd.lookup in_range %table, %index : vector<64xi8>, vector<64xi8>
    """

    name = "simd.lookup"

    T: ClassVar = VarConstraint("T", AnyAttr())

    table = operand_def()
    index = operand_def(T)
    result = result_def(T)
    in_range = opt_prop_def(UnitAttr)

    traits = traits_def(Pure())

    assembly_format = (
        "(`in_range` $in_range^)? $table `,` $index attr-dict `:` type($table) `,` type($result)"
    )

    def __init__(
        self,
        table: SSAValue | Operation,
        index: SSAValue | Operation,
        in_range: bool = False,
    ):
        index = SSAValue.get(index)
        super().__init__(
            operands=[table, index],
            result_types=[index.type],
            properties={"in_range": UnitAttr() if in_range else None},
        )

    def verify_(self) -> None:
        """Both are bytes, and the table has a size that tables have."""
        for what, type in (("the table", self.table.type), ("the index", self.index.type)):
            if int_lanes(what, type)[1] != 8:
                raise VerifyException(f"{what} must have lanes of i8, got {type}")
        entries = lanes_of("the table", self.table.type)
        if entries not in TABLE_ENTRIES:
            raise VerifyException(
                f"the table must have {', '.join(map(str, TABLE_ENTRIES))} entries, got {entries}"
            )
