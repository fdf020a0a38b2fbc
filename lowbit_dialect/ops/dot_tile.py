"""`lowbit.dot_tile`: the register tile of contractions by products of bytes."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override
from xdsl.dialects.builtin import IntegerAttr, IntegerType, MemRefType, i8
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.layouts.packed_syntax import LEVEL_BITS
from lowbit_dialect.ops.base import INT, Clause, int_
from lowbit_dialect.ops.tile import TILE_CLAUSES, TileOp
from lowbit_dialect.sums.dot import BYTES_PER_WORD, WORD_BYTES, DotSums
from lowbit_dialect.sums.level_fields import LevelFields


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

    Where x holds i8 and w i32, the words of x are read at any byte: the four columns from `column +
    4 * channel word` on. x has one channel then, and w one column of taps.

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
    def product(self) -> DotSums:
        """How the codes multiply."""
        return DotSums(*self.codes).of_fields(self.fields)

    @property
    def fields(self) -> LevelFields:
        """Where the levels of w lie in its words, if these are not value bytes."""
        clauses = (self.w_bits, self.w_exponent, self.places)
        return LevelFields(self.codes[1], *(clause.value.data for clause in clauses))

    @property
    def word_bytes(self) -> int:
        """Bytes of a word."""
        assert isinstance(self.w.type, MemRefType)
        assert isinstance(self.w.type.element_type, IntegerType)
        return self.w.type.element_type.width.data // 8

    @property
    def has_column_words(self) -> bool:
        """Whether words of x are read at any byte."""
        assert isinstance(self.x.type, MemRefType)
        return self.x.type.element_type == i8 and self.word_bytes == BYTES_PER_WORD

    @override
    def _have_equal_words(self, x: MemRefType, w: MemRefType) -> bool:
        if not self.has_column_words:
            return super()._have_equal_words(x, w)
        if x.get_shape()[3] != 1 or w.get_shape()[2] != 1:
            raise VerifyException("words of columns need one channel of x, and one column of w")
        if self.w_bits.value.data < 8 or self.x_run.value.data > 1:
            raise VerifyException("words of columns need w_bits 8 and x_run 1")
        return True

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
            product = DotSums(*self.codes)
        products = self.word_bytes * shape[1] * shape[2] * self.words
        if why_not := product.why_not_of(products):
            raise VerifyException(why_not)
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
