"""`lowbit.bitserial_tile`: the register tile of a bit-serial contraction, at the loops level.

The loops around it and the epilogue after it do not know how it counts; `lowbit-lower-tile`
expands it into reduction loops over `simd.popcount_acc`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    VectorType,
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
from xdsl.traits import MemoryReadEffect
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.decomposition import Decomposition, decompose
from lowbit_dialect.ops.base import (
    ATTRIBUTE,
    INT,
    INTS,
    INTS_PROPERTY,
    Clause,
    LowbitOp,
    int_,
    ints,
)

TILE_WORDS = (32, 64)
"""Word widths whose lanes can hold every popcount sum."""


@irdl_op_definition
class BitserialTileOp(LowbitOp):
    """Sums of popcounts for a tile of output pixels and one block of output channels.

    x is a memref of words `[n][row][plane][channel word][column]`, w one of words of the same
    width (32 or 64), `[block][plane][kh][kw][channel word][lane]`. The indices are image n, row
    and column of tap (0, 0) of the first pixel, first channel word, and block.

    Clauses: `pixels` of the tile, `step` columns from one pixel to the next, `dilation` [h, w],
    `vectors` that the lanes of a block make, `unroll` of the innermost reduction loops, the two
    codes. The results are pixels * vectors vectors of i32, pixel by pixel, without the correction.
    """

    name = "lowbit.bitserial_tile"
    CLAUSES: ClassVar = (
        Clause("pixels", INT),
        Clause("vectors", INT),
        Clause("step", INT, int_(1)),
        Clause("dilation", INTS, ints([1, 1])),
        Clause("unroll", INT, int_(1)),
        Clause("x_code", ATTRIBUTE),
        Clause("w_code", ATTRIBUTE),
    )

    x = operand_def(MemRefType)
    w = operand_def(MemRefType)
    indices = var_operand_def(IndexType)
    sums = var_result_def(VectorType)
    pixels = prop_def(IntegerAttr)
    vectors = prop_def(IntegerAttr)
    step = prop_def(IntegerAttr)
    dilation = prop_def(INTS_PROPERTY)
    unroll = prop_def(IntegerAttr)
    x_code = prop_def(TypeAttribute)
    w_code = prop_def(TypeAttribute)
    traits = traits_def(MemoryReadEffect())

    @staticmethod
    def get(
        x: SSAValue,
        w: SSAValue,
        indices: Sequence[SSAValue],
        pixels: int,
        vectors: int,
        step: int,
        dilation: Sequence[int],
        unroll: int,
        x_code: AffineCode,
        w_code: AffineCode,
    ) -> BitserialTileOp:
        """Build the op, its result types inferred."""
        assert isinstance(w.type, MemRefType)
        sums = VectorType(i32, [w.type.get_shape()[-1] // vectors])
        return BitserialTileOp.build_op(
            [x, w, *indices],
            [sums] * (pixels * vectors),
            pixels=int_(pixels),
            vectors=int_(vectors),
            step=int_(step),
            dilation=ints(dilation),
            unroll=int_(unroll),
            x_code=x_code,
            w_code=w_code,
        )

    @property
    def decomposition(self) -> Decomposition:
        """How the codes multiply."""
        if not isinstance(self.x_code, AffineCode) or not isinstance(self.w_code, AffineCode):
            raise VerifyException("x_code and w_code must be affine codes")
        return decompose(self.x_code, self.w_code)

    def verify_(self) -> None:
        """Check ranks, words, indices and results."""
        x, w = self.x.type, self.w.type
        assert isinstance(x, MemRefType), "the op's definition says so"
        assert isinstance(w, MemRefType), "the op's definition says so"
        if x.get_num_dims() != 5 or w.get_num_dims() != 6:
            raise VerifyException(
                f"x must have 5 dimensions and w 6, got {x.get_num_dims()} and {w.get_num_dims()}"
            )
        word = x.element_type
        if not isinstance(word, IntegerType) or word.width.data not in TILE_WORDS:
            raise VerifyException(f"x must hold words of i32 or i64, got {word}")
        if w.element_type != word:
            raise VerifyException(f"x holds {word}, w {w.element_type}: they must be equal")
        if len(self.indices) != 5:
            raise VerifyException("needs 5 indices: n, row, column, channel word, block")
        pixels, vectors = self.pixels.value.data, self.vectors.value.data
        lanes = w.get_shape()[-1]
        if pixels < 1 or vectors < 1 or lanes % vectors:
            raise VerifyException(
                f"{pixels} pixels and {vectors} vectors of {lanes} lanes make no tile"
            )
        decomposition = self.decomposition
        planes = (x.get_shape()[2], w.get_shape()[1])
        if planes != (len(decomposition.x.betas), len(decomposition.w.betas)):
            raise VerifyException(
                f"memrefs hold {planes[0]} and {planes[1]} planes,"
                f" {self.x_code} and {self.w_code} have another number"
            )
        expected = VectorType(i32, [lanes // vectors])
        if [r.type for r in self.results] != [expected] * (pixels * vectors):
            raise VerifyException(f"needs {pixels * vectors} results of {expected}")
