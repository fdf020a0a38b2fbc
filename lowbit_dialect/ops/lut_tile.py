"""`lowbit.build_tables`, `lowbit.lut_tile`: tables of partial sums, at the loops level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from typing_extensions import override
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, MemRefType, i8
from xdsl.ir import SSAValue, TypeAttribute
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    prop_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.kernel_layouts import TABLE_WORD
from lowbit_dialect.ops.base import ATTRIBUTE, INT, Clause, LowbitOp, int_
from lowbit_dialect.ops.tile import TILE_CLAUSES, TileOp, affine_codes
from lowbit_dialect.table_sums import TableSums

TABLE_ENTRIES = (16, 64)
"""Entries of a table: what a shuffle of bytes can look up."""


def _tables(type_: MemRefType, rank: int) -> int:
    """Bits of the indices of tables in memory, checked."""
    shape = type_.get_shape()
    if len(shape) != rank or type_.element_type != i8 or shape[-1] not in TABLE_ENTRIES:
        entries = " or ".join(map(str, TABLE_ENTRIES))
        raise VerifyException(
            f"tables are a memref of {rank} dimensions, the last one {entries} bytes, got {type_}"
        )
    return shape[-1].bit_length() - 1


@irdl_op_definition
class BuildTablesOp(LowbitOp):
    """Fill the tables of some columns of a row of activations.

    x is a memref of i64 words `[n][row][plane][channel word][column]`, tables one of bytes
    `[ring row][column][index][entry]`. Indices: image n, row and first column of x, ring row and
    first column of the tables. Clauses: number of `columns`, channels in a segment of words
    `channels` (a group, where there are several), the two codes.
    """

    name = "lowbit.build_tables"
    CLAUSES: ClassVar = (
        Clause("columns", INT),
        Clause("channels", INT),
        Clause("x_code", ATTRIBUTE),
        Clause("w_code", ATTRIBUTE),
    )

    x = operand_def(MemRefType)
    tables = operand_def(MemRefType)
    indices = var_operand_def(IndexType)
    columns = prop_def(IntegerAttr)
    channels = prop_def(IntegerAttr)
    x_code = prop_def(TypeAttribute)
    w_code = prop_def(TypeAttribute)
    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())

    @staticmethod
    def get(
        x: SSAValue,
        tables: SSAValue,
        indices: Sequence[SSAValue],
        columns: int,
        channels: int,
        x_code: AffineCode,
        w_code: AffineCode,
    ) -> BuildTablesOp:
        """Build the op."""
        return BuildTablesOp.build_op(
            [x, tables, *indices],
            [],
            columns=int_(columns),
            channels=int_(channels),
            x_code=x_code,
            w_code=w_code,
        )

    @property
    def sums(self) -> TableSums:
        """What the tables hold."""
        assert isinstance(self.tables.type, MemRefType)
        return TableSums.of(*affine_codes(self), _tables(self.tables.type, 4))

    def verify_(self) -> None:
        """Check memrefs, indices and codes."""
        x, tables = self.x.type, self.tables.type
        assert isinstance(x, MemRefType), "the op's definition says so"
        assert isinstance(tables, MemRefType), "the op's definition says so"
        sums = self.sums
        if sums.obstacle:
            raise VerifyException(sums.obstacle)
        if x.get_num_dims() != 5 or x.element_type != IntegerType(TABLE_WORD):
            raise VerifyException(f"x must be words of i{TABLE_WORD} in 5 dimensions, got {x}")
        if len(self.indices) != 5:
            raise VerifyException("needs 5 indices: n, row, column, ring row, column of the tables")
        if x.get_shape()[2] != sums.x_planes:
            raise VerifyException(
                f"x holds {x.get_shape()[2]} planes, {self.x_code} has {sums.x_planes}"
            )
        if self.columns.value.data < 1 or self.channels.value.data < 1:
            raise VerifyException("columns and channels must be positive")


@irdl_op_definition
class LutTileOp(TileOp):
    """Sums of table entries for a tile of output pixels and one block of output channels.

    x is a memref of tables `[ring row][column][index][entry]`, w one of indices, bytes,
    `[block][plane][kh][kw][index][lane]`. The indices are the table row of tap row 0, the column of
    tap (0, 0) of the first pixel, the first index in x, the first index in w, and the block. Rows
    follow each other around the ring. `count` indices in a row are looked up. The other clauses and
    the results are as in `lowbit.bitserial_tile`, but only sums that fit 16 bits are taken.
    """

    name = "lowbit.lut_tile"
    CLAUSES: ClassVar = (*TILE_CLAUSES, Clause("count", INT))
    RANKS: ClassVar = (4, 6)

    count = prop_def(IntegerAttr)

    @property
    def sums_of_tables(self) -> TableSums:
        """What the tables hold."""
        assert isinstance(self.x.type, MemRefType)
        return TableSums.of(*self.codes, _tables(self.x.type, 4))

    @override
    def _verify_words(self, x: MemRefType, w: MemRefType) -> None:
        sums = self.sums_of_tables
        if sums.obstacle:
            raise VerifyException(sums.obstacle)
        _, planes, kh, kw, indices, lanes = w.get_shape()
        if planes != len(sums.w_terms):
            raise VerifyException(f"w holds {planes} planes, {self.w_code} has {len(sums.w_terms)}")
        count = self.count.value.data
        if not 1 <= count <= indices:
            raise VerifyException(f"count {count}: w has {indices} indices a tap")
        vectors = self.vectors.value.data
        if vectors % 4:
            raise VerifyException(f"{vectors} vectors: bytes make four vectors of i32 each")
        if not sums.fits_16_bits(kh * kw * count * sums.bits):
            raise VerifyException(
                f"sums of {kh * kw * count * sums.bits} elements of {self.x_code} and"
                f" {self.w_code} can leave 16 bits"
            )
