"""Register tiles of contractions, at the loops level, and the one that counts bits.

The loops around a tile and the epilogue after it do not know how it counts; `lowbit-lower-tile`
expands it into reduction loops over `simd.popcount_acc` or `simd.dot_acc`.
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Sequence
from math import prod
from typing import ClassVar, Self

from typing_extensions import override
from xdsl.dialects.builtin import (
    DenseArrayBase,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    VectorType,
    i16,
    i32,
)
from xdsl.ir import Attribute, Operation, SSAValue, TypeAttribute
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

from lowbit_dialect.codes import AffineCode, Code
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
from lowbit_dialect.sums.bitserial import BitserialSums, decompose
from lowbit_dialect.sums.i16_accumulation import NARROW_BITS, fits_i16

TILE_WORDS = (16, 32, 64)
"""Word widths whose lanes sum popcounts. Those of 16 bits are widened where they cannot hold a sum
(`i16_accumulation`)."""


MAX_BODY_WORDS = 64
"""Words of a pixel that a pass may take: beyond, the code would only grow."""

MAX_UNROLLED_STEPS = 1 << 14
"""Products of a word and a vector in an unrolled body: more of them compile for minutes."""


TILE_CLAUSES = (
    Clause("pixels", INT),
    Clause("vectors", INT),
    Clause("step", INT, int_(1)),
    Clause("dilation", INTS, ints([1, 1])),
    Clause("padding", INTS, ints([0, 0])),
    Clause("unroll", INT, int_(1)),
    Clause("x_code", ATTRIBUTE),
    Clause("w_code", ATTRIBUTE),
)


def affine_codes(op: LowbitOp) -> tuple[AffineCode, AffineCode]:
    """The clauses `x_code` and `w_code` of an operation.

    Raises:
        VerifyException: one of them is no affine code.
    """
    x, w = op.properties.get("x_code"), op.properties.get("w_code")
    if not isinstance(x, AffineCode) or not isinstance(w, AffineCode):
        raise VerifyException("x_code and w_code must be affine codes")
    return x, w


def verify_distances(op: LowbitOp) -> None:
    """Check the clauses `step`, from pixel to pixel, and `dilation`, from tap to tap."""
    step, dilation = op.properties["step"], op.properties["dilation"]
    assert isinstance(step, IntegerAttr), "the op's definition says so"
    assert isinstance(dilation, DenseArrayBase), "the op's definition says so"
    distances = dilation.get_values()
    if step.value.data < 1 or len(distances) != 2 or min(distances) < 1:
        raise VerifyException("step and the 2 integers of dilation must be positive")


class TileOp(LowbitOp):
    """What the tiles share.

    Indices: image n, row and column of tap (0, 0) of the first pixel, first channel word, block;
    two more are the first row of taps to be summed and the one behind the last, where these are not
    all. Clauses: `pixels` of the tile, `step` columns from one pixel to the next, `dilation`
    [h, w], `padding` [left, right], how many of the outermost columns under the tile have no taps
    that count, `vectors` that the lanes of a block make, `unroll` of the innermost reduction loops,
    the two codes. The results are pixels * vectors vectors of i32, pixel by pixel, without the
    correction.
    """

    CLAUSES: ClassVar = TILE_CLAUSES
    RANKS: ClassVar[tuple[int, int]]

    x = operand_def(MemRefType)
    w = operand_def(MemRefType)
    indices = var_operand_def(IndexType)
    sums = var_result_def(VectorType)
    pixels = prop_def(IntegerAttr)
    vectors = prop_def(IntegerAttr)
    step = prop_def(IntegerAttr)
    dilation = prop_def(INTS_PROPERTY)
    padding = prop_def(INTS_PROPERTY)
    unroll = prop_def(IntegerAttr)
    x_code = prop_def(TypeAttribute)
    w_code = prop_def(TypeAttribute)
    traits = traits_def(MemoryReadEffect())

    @classmethod
    def get(
        cls,
        x: SSAValue,
        w: SSAValue,
        indices: Sequence[SSAValue],
        pixels: int,
        vectors: int,
        step: int,
        dilation: Sequence[int],
        padding: Sequence[int],
        unroll: int,
        x_code: Code,
        w_code: Code,
        tables: Sequence[SSAValue] = (),
        **clauses: Attribute,
    ) -> Self:
        """Build the op, its result types inferred; `tables` come before x."""
        assert isinstance(w.type, MemRefType)
        sums = cls.sums_of_vector(w.type, vectors, x_code, w_code)
        return cls.build_op(
            [*tables, x, w, *indices],
            sums * (pixels * vectors),
            pixels=int_(pixels),
            vectors=int_(vectors),
            step=int_(step),
            dilation=ints(dilation),
            padding=ints(padding),
            unroll=int_(unroll),
            x_code=x_code,
            w_code=w_code,
            **clauses,
        )

    @classmethod
    def sums_of_vector(
        cls, w: MemRefType, vectors: int, x_code: Attribute, w_code: Attribute
    ) -> list[VectorType]:
        """The results for a vector of lanes of a pixel: i32, as many as there are lanes."""
        return [VectorType(i32, [w.get_shape()[-1] // vectors])]

    @property
    def kernel_rows(self) -> tuple[SSAValue, SSAValue] | None:
        """First row of taps to be summed and the one behind the last, or None for all."""
        return (self.indices[5], self.indices[6]) if len(self.indices) > 5 else None

    @property
    def column_runs(self) -> list[tuple[int, int, slice]]:
        """Runs of columns of taps (first, end) that the same pixels have, and the results of these.

        A pixel has no tap where that is in the padding. The taps of equal pixels are found by
        bisection: there may be many more of them than pixels.
        """
        assert isinstance(self.w.type, MemRefType)
        pixels, step, vectors = (p.value.data for p in (self.pixels, self.step, self.vectors))
        (left, right), dilation = self.padding.get_values(), self.dilation.get_values()[1]
        taps = self.w.type.get_shape()[-3]
        end = (pixels - 1) * step + (taps - 1) * dilation + 1 - right

        def valid(kw: int) -> tuple[int, int]:
            """First pixel with this tap and the one behind the last; neither grows with kw."""
            bounds = (-((kw * dilation - position) // step) for position in (left, end))
            first, beyond = (min(max(bound, 0), pixels) for bound in bounds)
            return first, beyond

        runs: list[tuple[int, int, slice]] = []
        kw = 0
        while kw < taps:
            first, beyond = pixels_there = valid(kw)
            low, kw = (
                kw,
                bisect_left(
                    range(taps), True, kw, key=lambda k, there=pixels_there: valid(k) != there
                ),
            )
            if first < beyond:
                runs.append((low, kw, slice(first * vectors, beyond * vectors)))
        return runs

    @property
    def codes(self) -> tuple[AffineCode, AffineCode]:
        """The codes of x and w."""
        return affine_codes(self)

    def verify_(self) -> None:
        """Check ranks, words, indices and results."""
        x, w = self.x.type, self.w.type
        assert isinstance(x, MemRefType), "the op's definition says so"
        assert isinstance(w, MemRefType), "the op's definition says so"
        if (x.get_num_dims(), w.get_num_dims()) != self.RANKS:
            raise VerifyException(
                f"x must have {self.RANKS[0]} dimensions and w {self.RANKS[1]},"
                f" got {x.get_num_dims()} and {w.get_num_dims()}"
            )
        if not self._have_equal_words(x, w):
            raise VerifyException(
                f"x holds {x.element_type}, w {w.element_type}: they must be equal"
            )
        if len(self.indices) not in (5, 7):
            raise VerifyException(
                "needs 5 indices: n, row, column, channel word, block; or 7, with the first row of"
                " taps and the one behind the last"
            )
        for role, type_ in (("x", x), ("w", w)):
            static_memory(type_, role)
        verify_distances(self)
        if len(self.padding) != 2 or min(self.padding.get_values()) < 0:
            raise VerifyException("padding needs 2 integers, left and right, not negative")
        pixels, vectors = self.pixels.value.data, self.vectors.value.data
        lanes = w.get_shape()[-1]
        if pixels < 1 or vectors < 1 or lanes % vectors:
            raise VerifyException(
                f"{pixels} pixels and {vectors} vectors of {lanes} lanes make no tile"
            )
        self._verify_words(x, w)
        sums = self.sums_of_vector(w, vectors, self.x_code, self.w_code)
        verify_results(self, sums, pixels * vectors)
        self._verify_unroll()

    def _have_equal_words(self, x: MemRefType, w: MemRefType) -> bool:
        """Whether x and w hold words that the tile multiplies."""
        return w.element_type == x.element_type

    def _verify_unroll(self) -> None:
        """Check that the code of the unrolled loops does not grow with the extents without end."""
        assert isinstance(self.w.type, MemRefType)
        unroll = self.unroll.value.data
        if not 0 <= unroll <= 3:
            raise VerifyException(f"unroll {unroll}: 0 to 3 reduction loops can be unrolled")
        kh, kw, words = self.w.type.get_shape()[-4:-1]
        steps = prod((words, kw, kh)[:unroll]) if unroll else 0
        steps *= self.pixels.value.data * self.vectors.value.data
        if steps > MAX_UNROLLED_STEPS:
            raise VerifyException(
                f"unroll {unroll}: a body of {steps} steps, more than {MAX_UNROLLED_STEPS}"
            )

    @abstractmethod
    def _verify_words(self, x: MemRefType, w: MemRefType) -> None:
        """Check what the words hold."""


def verify_results(op: Operation, types: Sequence[Attribute], times: int) -> None:
    """Verify that the types of the results are `types`, `times` times, which may be any number.

    Raises:
        VerifyException: they are not.
    """
    count = len(types) * times
    given = [result.type for result in op.results]
    if len(given) != count or given != list(types) * times:
        raise VerifyException(f"needs {count} results of {types[0]}")


class PopcountTileOp(TileOp):
    """What tiles that sum popcounts share: operands, clauses and results (`BitserialTileOp`)."""

    CLAUSES: ClassVar = (*TILE_CLAUSES, Clause("words", INT, int_(1)))
    RANKS: ClassVar = (5, 6)

    words = prop_def(IntegerAttr)

    @classmethod
    @override
    def sums_of_vector(
        cls, w: MemRefType, vectors: int, x_code: Attribute, w_code: Attribute
    ) -> list[VectorType]:
        (sums,) = super().sums_of_vector(w, vectors, x_code, w_code)
        word = w.element_type
        if not isinstance(word, IntegerType) or word.width.data != NARROW_BITS:
            return [sums]
        assert isinstance(x_code, AffineCode)
        assert isinstance(w_code, AffineCode)
        (lanes,), taps = sums.get_shape(), prod(w.get_shape()[2:5]) * NARROW_BITS
        if fits_i16(decompose(x_code, w_code).raw_range(taps)):
            return [VectorType(i16, [lanes])]
        return [VectorType(i32, [lanes // 2])] * 2 if lanes > 1 else [sums]

    @property
    def decomposition(self) -> BitserialSums:
        """How the codes multiply."""
        return decompose(*self.codes)

    @override
    def _verify_words(self, x: MemRefType, w: MemRefType) -> None:
        if not 1 <= self.words.value.data <= MAX_BODY_WORDS:
            raise VerifyException(
                f"words {self.words.value.data}: a pass takes 1 to {MAX_BODY_WORDS}"
            )
        word = x.element_type
        if not isinstance(word, IntegerType) or word.width.data not in TILE_WORDS:
            raise VerifyException(f"x must hold words of i16, i32 or i64, got {word}")
        decomposition = self.decomposition
        planes = (x.get_shape()[2], w.get_shape()[1])
        if planes != (len(decomposition.x.betas), len(decomposition.w.betas)):
            raise VerifyException(
                f"memrefs hold {planes[0]} and {planes[1]} planes,"
                f" {self.x_code} and {self.w_code} have another number"
            )


@irdl_op_definition
class BitserialTileOp(PopcountTileOp):
    """Sums of popcounts for a tile of output pixels and one block of output channels.

    x is a memref of words `[n][row][plane][channel word][column]`, w one of words of the same
    width (16, 32 or 64), `[block][plane][kh][kw][channel word][lane]`. The indices are image n, row
    and column of tap (0, 0) of the first pixel, first channel word, and block; and, where not all
    rows of taps are to be summed, the first of these and the one behind the last.

    Clauses: `pixels` of the tile, `step` columns from one pixel to the next, `dilation` [h, w],
    `padding` [left, right], how many of the outermost columns under the tile have no taps that
    count, `vectors` that the lanes of a block make, `unroll` of the innermost reduction loops, the
    two codes. The results are pixels * vectors vectors of i32, pixel by pixel, without the
    correction. Words of 16 bits give i16 instead where the codes and the taps are such that every
    sum fits, and otherwise two vectors of i32 each, of the lower and of the upper lanes. `words`
    are the words of a pixel that a pass through the innermost loop takes.
    """

    name = "lowbit.bitserial_tile"
