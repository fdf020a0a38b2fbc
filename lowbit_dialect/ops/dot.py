"""`lowbit.dot_conv`, `dot_gemm`: contractions as dot products of bytes.

Activations are words of four level bytes, weights words of four value bytes, or of as many levels
as fit in the words if these take fewer bits (`level_product`, `level_fields`). With words of two
bytes the weights are digits, with words of one they are values or levels.
"""

from __future__ import annotations

from typing_extensions import override
from xdsl.irdl import irdl_op_definition
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code, affine
from lowbit_dialect.kernel_layouts import (
    byte_activation_layout,
    byte_matmul_lhs_layout,
    byte_matmul_rhs_layout,
    byte_weight_layout,
)
from lowbit_dialect.layout import PackedAttr
from lowbit_dialect.level_product import WORD_BYTES, LevelProduct
from lowbit_dialect.ops.contraction import conv_layout
from lowbit_dialect.ops.kernel import ConvKernelOp, GemmKernelOp, KernelOp
from lowbit_dialect.ops.strategy import StrategyOps


def _word_bits(x: PackedAttr) -> int:
    """Bits of the words of x, checked."""
    bits = x.word_bits.data
    if bits not in (8 * n for n in WORD_BYTES):
        raise VerifyException(f"x and w must have words of i8, i16 or i32, got i{bits}")
    return bits


def _weight_bytes(product: LevelProduct, x: PackedAttr, w: PackedAttr) -> str:
    """What bytes w must hold: digits in words of two, elsewhere values or levels as it likes."""
    if x.word_bits.data != 16:
        return w.bytes.data if w.bytes.data in ("levels", "values") else "values"
    if not product.digit_words:
        raise VerifyException(
            f"products of levels of {product.x} and {product.w} are too large for words of i16"
        )
    return "digits"


def _level_product(op: KernelOp, x: Code, w: Code) -> LevelProduct:
    product = LevelProduct(affine(x), affine(w))
    if why_not := product.why_not(op.geometry):
        raise VerifyException(why_not)
    return product


@irdl_op_definition
class DotConvOp(ConvKernelOp):
    """Convolution by dot products of bytes: clauses of `lowbit.conv2d`, schedule, epilogue.

    x holds levels, the channels innermost (`byte_activation_layout`), with a frame at least as
    wide as the padding; w holds values, or levels of few bits, in blocks of output channels
    (`byte_weight_layout`). A word is i32, i16 or i8 and has as many bytes.
    """

    name = "lowbit.dot_conv"

    @override
    def raw_sums_of(self, x: Code, w: Code) -> LevelProduct:
        return _level_product(self, x, w)

    @override
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        layout, groups = conv_layout(self), self.geometry.groups
        word_bits, holds = _word_bits(x), _weight_bytes(self.raw_sums_of(*self.codes), x, w)
        want_x = byte_activation_layout(layout, groups=groups, word_bits=word_bits)
        lanes, bits = max(1, w.lane_block[1]), w.bits.data
        want_w = byte_weight_layout(layout, lanes, groups, bits, word_bits, holds)
        return self.frame_for(x, want_x), want_w


@irdl_op_definition
class DotGemmOp(GemmKernelOp):
    """Matrix product by dot products of bytes: x (M, K) levels, w (K, N) values or small levels."""

    name = "lowbit.dot_gemm"

    @override
    def raw_sums_of(self, x: Code, w: Code) -> LevelProduct:
        return _level_product(self, x, w)

    @override
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        lanes, bits = max(1, w.lane_block[1]), w.bits.data
        word_bits, holds = _word_bits(x), _weight_bytes(self.raw_sums_of(*self.codes), x, w)
        want_w = byte_matmul_rhs_layout(lanes, bits, word_bits, holds)
        return byte_matmul_lhs_layout(word_bits), want_w


DOT = StrategyOps("dot", DotConvOp, DotGemmOp, lambda x, w: LevelProduct(affine(x), affine(w)))
