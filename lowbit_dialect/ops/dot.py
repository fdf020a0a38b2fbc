"""`lowbit.dot_conv`, `dot_gemm`: contractions as dot products of bytes.

Activations are words of four level bytes, weights words of four value bytes, or of as many levels
as fit in the words if these take fewer bits (`level_product`, `level_fields`). With words of two
bytes the weights are digits, with words of one they are values or levels.
"""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override
from xdsl.irdl import irdl_op_definition
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code, affine
from lowbit_dialect.layouts.kernels import (
    DOT_WORD,
    byte_activation_layout,
    byte_matmul_lhs_layout,
    byte_matmul_rhs_layout,
    byte_weight_layout,
    column_activation_layout,
    column_weight_layout,
)
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.layouts.packed_syntax import LEVEL_BITS
from lowbit_dialect.ops.contraction import conv_layout
from lowbit_dialect.ops.kernel import ConvKernelOp, GemmKernelOp, KernelOp
from lowbit_dialect.ops.strategy import StrategyOps
from lowbit_dialect.schedule import Knob, ScheduleAttr
from lowbit_dialect.sums.dot import WORD_BYTES, DotSums
from lowbit_dialect.sums.level_fields import LevelFields

KNOBS = {
    "word_bytes": Knob(4, WORD_BYTES, since=3),
    "storage": Knob(8, LEVEL_BITS),
    "exponent": Knob(0, range(8)),
    "places": Knob(0, (0, 1, 2, 4)),
    "i16_steps": Knob(0, range(1 << 16)),
    "x_run": Knob(1, (1, 2, 4, 8, 16, 32, 64)),
}
"""`word_bytes`: bytes of a word, of packed operands those that they have; `storage`: bits that a
weight takes in memory, of packed weights those that w has; `exponent` and `places`: how bytes are
made of weights of few bits (`level_fields`); `i16_steps`: words that are summed in lanes of i16
before they are widened, for words of less than four bytes as many as these hold where it is 0;
`x_run`: words of x that are loaded at once."""


def _word_bits(x: PackedAttr) -> int:
    """Bits of the words of x, checked."""
    bits = x.word_bits.data
    if bits not in (8 * n for n in WORD_BYTES):
        raise VerifyException(f"x and w must have words of i8, i16 or i32, got i{bits}")
    return bits


def _weight_bytes(product: DotSums, x: PackedAttr, w: PackedAttr) -> str:
    """What bytes w must hold: digits in words of two, elsewhere values or levels as it likes."""
    if x.word_bits.data != 16:
        return w.bytes.data if w.bytes.data in ("levels", "values") else "values"
    if not product.digit_words:
        raise VerifyException(
            f"products of levels of {product.x} and {product.w} are too large for words of i16"
        )
    return "digits"


def _level_product(op: KernelOp, x: Code, w: Code) -> DotSums:
    product = DotSums(affine(x), affine(w))
    if why_not := product.why_not(op.geometry):
        raise VerifyException(why_not)
    return product


class DotKernelOp(KernelOp):
    """What both operations share: how the bytes of weights are made of what is stored."""

    @property
    def fields(self) -> LevelFields:
        """How a register tile makes bytes of words of w."""
        w = packed_layout(self.operands[1].type)
        assert w is not None
        code, bits = affine(self.codes[1]), w.bits.data
        if bits == 8:
            return LevelFields(code, 8, places=int(w.bytes.data == "levels"))
        return LevelFields(code, bits, self.number("exponent"), self.number("places"))

    @override
    def _verify_knobs(self) -> None:
        x, w = (packed_layout(operand.type) for operand in self.operands[:2])
        assert x is not None
        assert w is not None
        exponent, places, steps = map(self.number, ("exponent", "places", "i16_steps"))
        bits, fields, size = w.bits.data, self.fields, x.word_bits.data // 8
        storage = self.given_knobs.get("storage", bits)
        if self.has_column_words:
            size = w.word_bits.data // 8
            schedule = self.properties.get("schedule")
            if isinstance(schedule, ScheduleAttr) and schedule.skip.data != "none":
                raise VerifyException(
                    f"schedule: skip = {schedule.skip.data}: words of neighbouring columns skip no"
                    " taps in the padding"
                )
        word_bytes = self.given_knobs.get("word_bytes", size)
        if word_bytes != size:
            raise VerifyException(
                f"schedule: word_bytes = {word_bytes}: x and w have words of {size} bytes"
            )
        if storage != bits:
            raise VerifyException(f"schedule: storage = {storage}: w takes {bits} bits a weight")
        if bits == 8 and (exponent or places):
            raise VerifyException(
                f"schedule: exponent = {exponent}, places = {places}: for weights of few bits only"
            )
        if bits < 8 and ((exponent and places) or places * bits > 4 or not fields.fits):
            raise VerifyException(
                f"schedule: exponent = {exponent}, places = {places}: no byte holds such levels of"
                f" {fields.w}"
            )
        x_code, w_code = map(affine, self.codes)
        product = DotSums(x_code, w_code).of_fields(fields)
        if bits < 8 and (reason := product.why_not(self.geometry)):
            raise VerifyException(f"schedule: places = {places}, exponent = {exponent}: {reason}")
        most = product.i16_words(size, unsigned=bits == 8 and bool(fields.places))
        if steps > most:
            raise VerifyException(f"schedule: i16_steps = {steps}: i16 holds the sums of {most}")


@irdl_op_definition
class DotConvOp(DotKernelOp, ConvKernelOp):
    """Convolution by dot products of bytes: clauses of `lowbit.conv2d`, schedule, epilogue.

    x holds levels, the channels innermost (`byte_activation_layout`), with a frame at least as
    wide as the padding; w holds values, or levels of few bits, in blocks of output channels
    (`byte_weight_layout`). A word is i32, i16 or i8 and has as many bytes.

    An image of one channel may also lie in bytes (`column_activation_layout`), from which words of
    four neighbouring columns are read at any byte. w then has words of i32 of four columns of taps
    (`column_weight_layout`).
    """

    name = "lowbit.dot_conv"
    KNOBS: ClassVar = KNOBS

    @property
    @override
    def has_column_words(self) -> bool:
        x, w = (packed_layout(operand.type) for operand in self.operands[:2])
        is_conv = self.geometry.ic == 1 and self.geometry.cols.dilation == 1
        is_nhwc = is_conv and conv_layout(self) == "nhwc"
        if not is_nhwc or x is None or w is None:
            return False
        return x.word_bits.data == 8 and w.word_bits.data == DOT_WORD

    @override
    def raw_sums_of(self, x: Code, w: Code) -> DotSums:
        return _level_product(self, x, w)

    @override
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        layout, groups = conv_layout(self), self.geometry.groups
        if self.has_column_words:
            padding, taps = tuple(self.padding.get_values()), self.geometry.cols.taps
            least = column_activation_layout(padding, taps)
            given, needed = ([f.data for f in one.frame] for one in (x, least))
            is_wide = len(given) == 8 and all(f >= n for f, n in zip(given, needed, strict=True))
            return least.with_frame(given if is_wide else needed), column_weight_layout(
                max(1, w.lane_block[1])
            )
        word_bits, holds = _word_bits(x), _weight_bytes(self.raw_sums_of(*self.codes), x, w)
        want_x = byte_activation_layout(layout, groups=groups, word_bits=word_bits)
        lanes, bits = max(1, w.lane_block[1]), w.bits.data
        want_w = byte_weight_layout(layout, lanes, groups, bits, word_bits, holds)
        return self.frame_for(x, want_x), want_w


@irdl_op_definition
class DotGemmOp(DotKernelOp, GemmKernelOp):
    """Matrix product by dot products of bytes: x (M, K) levels, w (K, N) values or small levels."""

    name = "lowbit.dot_gemm"
    KNOBS: ClassVar = KNOBS

    @override
    def raw_sums_of(self, x: Code, w: Code) -> DotSums:
        return _level_product(self, x, w)

    @override
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        lanes, bits = max(1, w.lane_block[1]), w.bits.data
        word_bits, holds = _word_bits(x), _weight_bytes(self.raw_sums_of(*self.codes), x, w)
        want_w = byte_matmul_rhs_layout(lanes, bits, word_bits, holds)
        return byte_matmul_lhs_layout(word_bits), want_w


DOT = StrategyOps("dot", DotConvOp, DotGemmOp, lambda x, w: DotSums(affine(x), affine(w)))
