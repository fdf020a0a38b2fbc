"""`lowbit.bitserial_tile`, `lowbit.dot_tile`: register tiles of contractions, at the loops level.

The loops around a tile and the epilogue after it do not know how it counts; `lowbit-lower-tile`
expands it into reduction loops over `simd.popcount_acc` or `simd.dot_acc`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from math import prod
from typing import ClassVar, Self

from typing_extensions import override
from xdsl.dialects.builtin import (
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
from lowbit_dialect.count_lanes import NARROW_BITS, fits_i16
from lowbit_dialect.decomposition import Decomposition, decompose
from lowbit_dialect.layout import LEVEL_BITS
from lowbit_dialect.level_fields import LevelFields
from lowbit_dialect.level_product import BYTES_PER_WORD, WORD_BYTES, LevelProduct
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

TILE_WORDS = (16, 32, 64)
"""Word widths whose lanes sum popcounts. Those of 16 bits are widened where they cannot hold a sum
(`count_lanes`)."""


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

        A pixel has no tap where that is in the padding.
        """
        assert isinstance(self.w.type, MemRefType)
        pixels, step, vectors = (p.value.data for p in (self.pixels, self.step, self.vectors))
        (left, right), dilation = self.padding.get_values(), self.dilation.get_values()[1]
        taps = self.w.type.get_shape()[-3]
        end = (pixels - 1) * step + (taps - 1) * dilation + 1 - right
        runs: list[tuple[int, int, slice]] = []
        for kw in range(taps):
            valid = [m for m in range(pixels) if left <= m * step + kw * dilation < end]
            if not valid:
                continue
            part = slice(valid[0] * vectors, (valid[-1] + 1) * vectors)
            if runs and runs[-1][1:] == (kw, part):
                runs[-1] = (runs[-1][0], kw + 1, part)
            else:
                runs.append((kw, kw + 1, part))
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
        if w.element_type != x.element_type:
            raise VerifyException(
                f"x holds {x.element_type}, w {w.element_type}: they must be equal"
            )
        if len(self.indices) not in (5, 7):
            raise VerifyException(
                "needs 5 indices: n, row, column, channel word, block; or 7, with the first row of"
                " taps and the one behind the last"
            )
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


@irdl_op_definition
class BitserialTileOp(TileOp):
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
    sum fits, and otherwise two vectors of i32 each, of the lower and of the upper lanes.
    """

    name = "lowbit.bitserial_tile"
    RANKS: ClassVar = (5, 6)

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
    def decomposition(self) -> Decomposition:
        """How the codes multiply."""
        return decompose(*self.codes)

    @override
    def _verify_words(self, x: MemRefType, w: MemRefType) -> None:
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
class DotTileOp(TileOp):
    """Sums of products of bytes for a tile of output pixels and one block of output channels.

    x is a memref of i32, four level bytes each, `[n][row][column][channel word]`, w one of i32,
    four value bytes each, `[block][kh][kw][channel word][lane]`. The indices are as in
    `lowbit.bitserial_tile`, and so are the clauses and the results.

    With `w_bits` of 4, 2 or 1 the words of w hold levels of so many bits instead, for 2, 4 or 8
    words of x, which the tile makes bytes of: the values times 2^`w_exponent`, or with `places`
    p > 0 the levels in p places of a byte, which take less to make and more sums (`level_fields`).
    `x_words` is then how many words of x there are to a tap, if the last word of w is not full.

    With `i16_steps` n > 0, up to n words in a row are summed in lanes of i16, two products each,
    before they are widened; the codes must make that safe whatever the numbers. With `x_run` n > 1,
    n words of x are loaded at once, and each is taken from its lane.

    x and w may also hold words of i16 or i8 instead, which are always summed in lanes of i16 first.
    Words of w of two bytes are the digits of numbers (`level_product`), and `digit_words` of them
    are multiplied in a lane before the sum is taken from its high byte. In words of one byte, and
    where w_bits is 8 and `places` is 1, the bytes of w may be unsigned levels.
    """

    name = "lowbit.dot_tile"
    CLAUSES: ClassVar = (
        *TILE_CLAUSES,
        Clause("w_bits", INT, int_(8)),
        Clause("w_exponent", INT, int_(0)),
        Clause("places", INT, int_(0)),
        Clause("x_words", INT, int_(0)),
        Clause("i16_steps", INT, int_(0)),
        Clause("x_run", INT, int_(1)),
        Clause("digit_words", INT, int_(0)),
    )
    RANKS: ClassVar = (4, 5)

    w_bits = prop_def(IntegerAttr)
    w_exponent = prop_def(IntegerAttr)
    places = prop_def(IntegerAttr)
    x_words = prop_def(IntegerAttr)
    i16_steps = prop_def(IntegerAttr)
    x_run = prop_def(IntegerAttr)
    digit_words = prop_def(IntegerAttr)

    @property
    def product(self) -> LevelProduct:
        """How the codes multiply."""
        return LevelProduct(*self.codes).of_fields(self.fields)

    @property
    def fields(self) -> LevelFields:
        """Where the levels of w lie in its words, if these are not value bytes."""
        clauses = (self.w_bits, self.w_exponent, self.places)
        return LevelFields(self.codes[1], *(clause.value.data for clause in clauses))

    @property
    def word_bytes(self) -> int:
        """Bytes of a word."""
        assert isinstance(self.x.type, MemRefType)
        assert isinstance(self.x.type.element_type, IntegerType)
        return self.x.type.element_type.width.data // 8

    @property
    def has_unsigned_weights(self) -> bool:
        """Whether the bytes of w are levels that fill them."""
        return bool(self.w_bits.value.data == 8 and self.places.value.data)

    @property
    def levels_per_byte(self) -> int:
        """Words of x for each word of w."""
        return 8 // self.w_bits.value.data

    @property
    def taps(self) -> tuple[int, int]:
        """Rows and columns of the taps."""
        assert isinstance(self.w.type, MemRefType)
        return self.w.type.get_shape()[1], self.w.type.get_shape()[2]

    @property
    def words(self) -> int:
        """Words of x that are multiplied for each tap."""
        assert isinstance(self.w.type, MemRefType)
        return self.x_words.value.data or self.w.type.get_shape()[3] * self.levels_per_byte

    @override
    def _verify_words(self, x: MemRefType, w: MemRefType) -> None:
        if x.element_type not in [IntegerType(8 * size) for size in WORD_BYTES]:
            raise VerifyException(f"x must hold words of i8, i16 or i32, got {x.element_type}")
        self._verify_fields()
        product, shape = self.product, w.get_shape()
        if self.has_unsigned_weights:  # which sums of 2^32 and more do no harm to
            product = LevelProduct(*self.codes)
        products = self.word_bytes * shape[1] * shape[2] * self.words
        if obstacle := product.obstacle_of(products):
            raise VerifyException(obstacle)
        self._verify_steps(w.get_shape()[-1])

    def _verify_steps(self, lanes: int) -> None:
        """Check that no sum wraps in a narrow lane, and that narrow lanes fill vectors."""
        steps, digits = self.i16_steps.value.data, self.digit_words.value.data
        run, size, product = self.x_run.value.data, self.word_bytes, self.product
        is_narrow = size < BYTES_PER_WORD
        most = product.i16_words(size, self.has_unsigned_weights)
        products = "products" if size == 1 else "sums of two products"
        if not int(is_narrow) <= steps <= most:
            raise VerifyException(
                f"i16_steps {steps}: i16 holds {int(is_narrow)} to {most} {products} of"
                f" levels of {self.x_code} and {self.w_code}"
            )
        least, most = (1, product.digit_words) if size == 2 else (0, 0)
        if not least <= digits <= most:
            raise VerifyException(
                f"digit_words {digits}: a byte holds the sums of {least} to {most} products of"
                f" words of i{8 * size}, of levels of {self.x_code} and digits of {self.w_code}"
            )
        if run < 1 or run & (run - 1):
            raise VerifyException(f"x_run {run}: a power of two is needed")
        if is_narrow and self.vectors.value.data % 2:
            raise VerifyException(
                f"vectors {self.vectors.value.data}: lanes of i16 are widened to two of i32"
            )

    def _verify_fields(self) -> None:
        bits, exponent = self.w_bits.value.data, self.w_exponent.value.data
        if bits not in LEVEL_BITS:
            raise VerifyException(f"w_bits {bits}: 1, 2, 4 and 8 are allowed")
        if bits != 8 and self.word_bytes < BYTES_PER_WORD:
            raise VerifyException(f"w_bits {bits}: words of i32 alone hold levels of few bits")
        places = self.places.value.data
        if self.word_bytes == 2 and places:
            raise VerifyException(f"places {places}: words of i16 hold digits")
        if exponent and (bits == 8 or places):
            raise VerifyException(f"w_exponent {exponent}: only the values of levels are scaled")
        fills_byte = bits == 8 and places == 1
        if (
            not fills_byte
            and places
            and (places < 0 or self.levels_per_byte % places or places * bits > 7)
        ):
            raise VerifyException(
                f"places {places}: a byte of levels of {bits} bits has no such number of them"
            )
        if bits < 8 and self.codes[1].width > bits:
            raise VerifyException(f"w_bits {bits} cannot hold the levels of {self.w_code}")
        if not (0 <= exponent < 8 and (bits == 8 or self.fields.fits)):
            raise VerifyException(
                f"w_exponent {exponent}: i8 cannot hold values of {self.w_code} times 2^{exponent}"
            )
        assert isinstance(self.w.type, MemRefType)
        words, per_word = self.w.type.get_shape()[3], self.levels_per_byte
        if -(-self.words // per_word) != words:
            raise VerifyException(
                f"x_words {self.words}: {words} words of w hold {(words - 1) * per_word + 1} to"
                f" {words * per_word}"
            )
