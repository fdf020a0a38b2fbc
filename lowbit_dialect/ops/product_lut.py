"""`lowbit.product_lut_conv`, `product_lut_gemm`: contractions by a table of products.

Activations are words of four level bytes, weights words of four shifted levels; joined by OR they
are indices of a table of products of the two codes (`product_table`), which may be any.
"""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override
from xdsl.irdl import irdl_op_definition
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code
from lowbit_dialect.layouts.kernels import (
    byte_activation_layout,
    byte_matmul_lhs_layout,
    product_matmul_rhs_layout,
    product_weight_layout,
)
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.ops.contraction import conv_layout
from lowbit_dialect.ops.kernel import ConvKernelOp, GemmKernelOp
from lowbit_dialect.ops.strategy import StrategyOps
from lowbit_dialect.schedule import Knob
from lowbit_dialect.sums.product_lut import ProductLutSums

KNOBS = {"table": Knob("registers", ("registers", "memory"))}
"""`table`: where it lies."""


def _table(x: Code, w: Code) -> ProductLutSums:
    table = ProductLutSums(x, w)
    if table.why_not:
        raise VerifyException(table.why_not)
    return table


@irdl_op_definition
class ProductLutConvOp(ConvKernelOp):
    """Convolution by a table of products: the clauses of `lowbit.conv2d`, schedule, epilogue.

    x holds levels, the channels innermost (`byte_activation_layout`), with a frame at least as wide
    as the padding; w holds levels shifted by the bits of x, in blocks of output channels
    (`product_weight_layout`). The codes are any two, codebooks too, of 8 bits together.
    """

    name = "lowbit.product_lut_conv"
    TAKES_CODEBOOKS: ClassVar = True
    KNOBS: ClassVar = KNOBS

    @override
    def raw_sums_of(self, x: Code, w: Code) -> ProductLutSums:
        return _table(x, w)

    @override
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        layout, groups = conv_layout(self), self.geometry.groups
        want_x = byte_activation_layout(layout, groups=groups)
        bits = self.codes[0].width
        want_w = product_weight_layout(layout, max(1, w.lane_block[1]), bits, groups)
        return self.frame_for(x, want_x), want_w


@irdl_op_definition
class ProductLutGemmOp(GemmKernelOp):
    """Matrix product by a table of products: x (M, K) levels, w (K, N) shifted ones, schedule."""

    name = "lowbit.product_lut_gemm"
    TAKES_CODEBOOKS: ClassVar = True
    KNOBS: ClassVar = KNOBS

    @override
    def raw_sums_of(self, x: Code, w: Code) -> ProductLutSums:
        return _table(x, w)

    @override
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        bits = self.codes[0].width
        return byte_matmul_lhs_layout(), product_matmul_rhs_layout(max(1, w.lane_block[1]), bits)


PRODUCT_LUT = StrategyOps("product_lut", ProductLutConvOp, ProductLutGemmOp, ProductLutSums)
