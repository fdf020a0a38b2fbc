"""`lowbit.build_tables`, `lowbit.lut_tile`: tables of partial sums, at the loops level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    VectorType,
    i8,
    i16,
    i32,
)
from xdsl.ir import SSAValue, TypeAttribute
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    prop_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect, Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.ops.base import (
    ATTRIBUTE,
    INT,
    INTS,
    INTS_PROPERTY,
    Clause,
    LowbitOp,
    int_,
    ints,
    static_memory,
)
from lowbit_dialect.ops.tile import affine_codes, verify_distances, verify_results
from lowbit_dialect.sums.lut import TABLE_WORD, LutSums

TABLE_ENTRIES = (16, 64)
"""Entries of a table: what a shuffle of bytes can look up."""

INDICES = 5
"""Indices among the arguments of a lut_tile."""


def _index_bits(type_: MemRefType) -> int:
    """Bits of the indices of tables in memory, checked."""
    shape = type_.get_shape()
    if len(shape) != 4 or type_.element_type != i8 or shape[-1] not in TABLE_ENTRIES:
        entries = " or ".join(map(str, TABLE_ENTRIES))
        raise VerifyException(
            f"tables are a memref of 4 dimensions, the last one {entries} bytes, got {type_}"
        )
    return shape[-1].bit_length() - 1


def _verify_sharing(sums: LutSums, shared: int) -> None:
    if not 1 <= shared <= 2 or (shared == 2 and not sums.nibble_steps):
        raise VerifyException(
            f"shared {shared}: a byte holds one entry, or two of at most 15; these go up to"
            f" {sums.bits * sums.max_value}"
        )


@irdl_op_definition
class BuildTablesOp(LowbitOp):
    """Fill the tables of some columns and channels of a row of activations.

    x is a memref of i64 words `[n][row][plane][channel word][column]`, tables one of bytes
    `[ring row][column][index][entry]`. Indices: image n, row, first column and first word of x,
    ring row and first index of the tables. Clauses: number of `columns` and of `channels`, the two
    codes. Columns go to the first ones of the tables, indices follow each other, those of each word
    beginning with a new table. With `shared` 2 each table is that of two columns, the upper nibbles
    of its entries for the column that is `apart` columns on.
    """

    name = "lowbit.build_tables"
    CLAUSES: ClassVar = (
        Clause("columns", INT),
        Clause("channels", INT),
        Clause("shared", INT, int_(1)),
        Clause("apart", INT, int_(0)),
        Clause("x_code", ATTRIBUTE),
        Clause("w_code", ATTRIBUTE),
    )

    x = operand_def(MemRefType)
    tables = operand_def(MemRefType)
    indices = var_operand_def(IndexType)
    columns = prop_def(IntegerAttr)
    channels = prop_def(IntegerAttr)
    shared = prop_def(IntegerAttr)
    apart = prop_def(IntegerAttr)
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
        sharing: tuple[int, int],
        x_code: AffineCode,
        w_code: AffineCode,
    ) -> BuildTablesOp:
        """Build the op; `sharing` is (shared, apart)."""
        return BuildTablesOp.build_op(
            [x, tables, *indices],
            [],
            columns=int_(columns),
            channels=int_(channels),
            shared=int_(sharing[0]),
            apart=int_(sharing[1]),
            x_code=x_code,
            w_code=w_code,
        )

    @property
    def table_sums(self) -> LutSums:
        """What the tables hold."""
        assert isinstance(self.tables.type, MemRefType)
        return LutSums.of(*affine_codes(self), _index_bits(self.tables.type))

    def verify_(self) -> None:
        """Check memrefs, indices and codes."""
        x, tables = self.x.type, self.tables.type
        assert isinstance(x, MemRefType), "the op's definition says so"
        assert isinstance(tables, MemRefType), "the op's definition says so"
        for role, type_ in (("x", x), ("tables", tables)):
            static_memory(type_, role)
        sums = self.table_sums
        if sums.why_not:
            raise VerifyException(sums.why_not)
        if x.get_num_dims() != 5 or x.element_type != IntegerType(TABLE_WORD):
            raise VerifyException(f"x must be words of i{TABLE_WORD} in 5 dimensions, got {x}")
        if len(self.indices) != 6:
            raise VerifyException("needs 6 indices: n, row, column, word, ring row, index")
        if x.get_shape()[2] != sums.x_planes:
            raise VerifyException(
                f"x holds {x.get_shape()[2]} planes, {self.x_code} has {sums.x_planes}"
            )
        _verify_sharing(sums, self.shared.value.data)
        if self.apart.value.data < 0:
            raise VerifyException(
                f"apart {self.apart.value.data}: columns share a byte with later ones"
            )
        extents = (
            ("columns", self.columns.value.data, tables.get_shape()[1]),
            ("channels", self.channels.value.data, x.get_shape()[3] * TABLE_WORD),
        )
        for name, count, most in extents:
            if not 1 <= count <= most:
                raise VerifyException(f"{name} {count}: 1 to {most} are there")


@irdl_op_definition
class LutTileOp(LowbitOp):
    """Sums of table entries for a tile of output pixels and one block of output channels.

    x is a memref of tables `[ring row][column][index][entry]`, w one of indices, bytes,
    `[block][plane][kh][kw][index][lane]`. The indices are the table row of tap row 0, the column of
    tap (0, 0) of the first pixel, the first index in x, the first index in w, and the block. Rows
    follow each other around the ring. `count` indices in a row are looked up for every tap.

    Clauses: `pixels` of the tile, `registers` that the lanes of a block make, `step` columns from
    one pixel to the next, `dilation` [h, w], the two codes. For every pixel and register there are
    two results, vectors of i16: of each pair of bytes, the sum of entries of the lower one plus 256
    times that of the upper one, and that of the upper one, both modulo 2^16. `lowbit.lut_sums`
    makes sums of them. Operands of these types, as many, are added. With `shared` 2 the tables are
    those of two pixels, and the results of all upper nibbles follow those of the lower ones.
    """

    name = "lowbit.lut_tile"
    CLAUSES: ClassVar = (
        Clause("pixels", INT),
        Clause("registers", INT),
        Clause("count", INT),
        Clause("shared", INT, int_(1)),
        Clause("step", INT, int_(1)),
        Clause("dilation", INTS, ints([1, 1])),
        Clause("x_code", ATTRIBUTE),
        Clause("w_code", ATTRIBUTE),
    )

    x = operand_def(MemRefType)
    w = operand_def(MemRefType)
    arguments = var_operand_def()
    sums = var_result_def(VectorType)
    pixels = prop_def(IntegerAttr)
    registers = prop_def(IntegerAttr)
    count = prop_def(IntegerAttr)
    shared = prop_def(IntegerAttr)
    step = prop_def(IntegerAttr)
    dilation = prop_def(INTS_PROPERTY)
    x_code = prop_def(TypeAttribute)
    w_code = prop_def(TypeAttribute)
    traits = traits_def(MemoryReadEffect())

    @staticmethod
    def get(
        x: SSAValue,
        w: SSAValue,
        indices: Sequence[SSAValue],
        initial: Sequence[SSAValue],
        pixels: int,
        registers: int,
        count: int,
        shared: int,
        step: int,
        dilation: Sequence[int],
        x_code: AffineCode,
        w_code: AffineCode,
    ) -> LutTileOp:
        """Build the op, its result types inferred."""
        assert isinstance(w.type, MemRefType)
        pairs = VectorType(i16, [w.type.get_shape()[-1] // registers // 2])
        return LutTileOp.build_op(
            [x, w, *indices, *initial],
            [pairs] * (2 * pixels * registers * shared),
            pixels=int_(pixels),
            registers=int_(registers),
            count=int_(count),
            shared=int_(shared),
            step=int_(step),
            dilation=ints(dilation),
            x_code=x_code,
            w_code=w_code,
        )

    @property
    def indices(self) -> Sequence[SSAValue]:
        """Ring row, column, first index in x and in w, block."""
        return self.arguments[:INDICES]

    @property
    def initial(self) -> Sequence[SSAValue]:
        """What is added to the results, if anything."""
        return self.arguments[INDICES:]

    @property
    def table_sums(self) -> LutSums:
        """What the tables hold."""
        assert isinstance(self.x.type, MemRefType)
        return LutSums.of(*affine_codes(self), _index_bits(self.x.type))

    def verify_(self) -> None:
        """Check memrefs, indices, results, and that the sums fit."""
        x, w = self.x.type, self.w.type
        assert isinstance(x, MemRefType), "the op's definition says so"
        assert isinstance(w, MemRefType), "the op's definition says so"
        for role, type_ in (("x", x), ("w", w)):
            static_memory(type_, role)
        verify_distances(self)
        sums = self.table_sums
        if sums.why_not:
            raise VerifyException(sums.why_not)
        if w.get_num_dims() != 6 or w.element_type != i8:
            raise VerifyException(f"w must be indices, i8 in 6 dimensions, got {w}")
        _, planes, kh, kw, indices, lanes = w.get_shape()
        if planes != len(sums.w_terms):
            raise VerifyException(f"w holds {planes} planes, {self.w_code} has {len(sums.w_terms)}")
        count, registers = self.count.value.data, self.registers.value.data
        if not 1 <= count <= indices:
            raise VerifyException(f"count {count}: w has {indices} indices a tap")
        if self.pixels.value.data < 1 or registers < 1 or lanes % (4 * registers):
            raise VerifyException(
                f"{self.pixels.value.data} pixels and {registers} registers of {lanes} lanes make"
                " no tile"
            )
        _verify_sharing(sums, self.shared.value.data)
        elements = kh * kw * count * sums.bits
        if not sums.fits_16_bits(elements):
            raise VerifyException(
                f"sums of {elements} elements of {self.x_code} and {self.w_code} can leave 16 bits"
            )
        pairs = VectorType(i16, [lanes // registers // 2])
        times = 2 * self.pixels.value.data * registers * self.shared.value.data
        if any(i.type != IndexType() for i in self.indices) or len(self.indices) != INDICES:
            raise VerifyException("needs 5 indices: ring row, column, index in x, in w, block")
        wrong = len(self.initial) != times or any(i.type != pairs for i in self.initial)
        if self.initial and wrong:
            raise VerifyException(f"takes {times} initial sums of {pairs}, or none")
        verify_results(self, [pairs], times)


@irdl_op_definition
class LutSumsOp(LowbitOp):
    """The sums of a register of channels as vectors of i32, from the two results of a lut_tile.

    Operands: the two vectors of i16. Results: four vectors of i32 of channels in a row. `elements`
    is how many elements went into a sum: these must fit in 16 bits.
    """

    name = "lowbit.lut_sums"
    CLAUSES: ClassVar = (
        Clause("elements", INT),
        Clause("x_code", ATTRIBUTE),
        Clause("w_code", ATTRIBUTE),
    )

    both = operand_def(VectorType)
    upper = operand_def(VectorType)
    sums = var_result_def(VectorType)
    elements = prop_def(IntegerAttr)
    x_code = prop_def(TypeAttribute)
    w_code = prop_def(TypeAttribute)
    traits = traits_def(Pure())

    @staticmethod
    def get(
        both: SSAValue, upper: SSAValue, elements: int, x_code: AffineCode, w_code: AffineCode
    ) -> LutSumsOp:
        """Build the op, its result types inferred."""
        assert isinstance(both.type, VectorType)
        sums = VectorType(i32, [both.type.get_shape()[0] // 2])
        return LutSumsOp.build_op(
            [both, upper], [sums] * 4, elements=int_(elements), x_code=x_code, w_code=w_code
        )

    @property
    def table_sums(self) -> LutSums:
        """What was summed."""
        return LutSums.of(*affine_codes(self), 1)

    def verify_(self) -> None:
        """Check the types, and that the sums fit."""
        both, elements = self.both.type, self.elements.value.data
        assert isinstance(both, VectorType), "the op's definition says so"
        if both.element_type != i16 or self.upper.type != both or both.get_shape()[0] % 2:
            raise VerifyException(
                f"takes two vectors of pairs of i16, got {both}, {self.upper.type}"
            )
        if [r.type for r in self.results] != [VectorType(i32, [both.get_shape()[0] // 2])] * 4:
            raise VerifyException("gives four vectors of i32, of half as many lanes")
        if not self.table_sums.fits_16_bits(elements):
            raise VerifyException(
                f"sums of {elements} elements of {self.x_code} and {self.w_code} can leave 16 bits"
            )
