"""The operations of each strategy, and the layouts they read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lowbit_dialect.kernel_layouts import (
    activation_layout,
    byte_activation_layout,
    byte_matmul_lhs_layout,
    byte_matmul_rhs_layout,
    byte_weight_layout,
    index_matmul_rhs_layout,
    index_weight_layout,
    matmul_lhs_layout,
    matmul_rhs_layout,
    matmul_rows_layout,
    product_matmul_rhs_layout,
    product_weight_layout,
    weight_layout,
)
from lowbit_dialect.layout import PackedAttr
from lowbit_dialect.ops.bitserial import BitserialConvOp, BitserialGemmOp
from lowbit_dialect.ops.dot import DotConvOp, DotGemmOp
from lowbit_dialect.ops.kernel import ConvKernelOp, GemmKernelOp, KernelOp
from lowbit_dialect.ops.lut import LutConvOp, LutGemmOp
from lowbit_dialect.ops.product_lut import ProductLutConvOp, ProductLutGemmOp
from lowbit_dialect.table_sums import TABLE_WORD
from lowering.kernels.table_plan import index_bits
from lowering.targets import Target

Padding = tuple[int, ...]
Layouts = tuple[PackedAttr, PackedAttr]


@dataclass(frozen=True)
class KernelForms:
    """The two operations of a strategy, and functions that give the layouts of their x and w.

    `conv_layouts` takes the target, the convolution's layout, padding and groups, and the lanes of
    a block of channels, and the bits of x; `gemm_layouts` the target, the lanes and the bits of x.
    """

    conv: type[ConvKernelOp]
    gemm: type[GemmKernelOp]
    conv_layouts: Callable[[Target, str, Padding, int, int, int], Layouts]
    gemm_layouts: Callable[[Target, int, int], Layouts]


def _table_index(target: Target) -> tuple[int, int]:
    return index_bits(target), target.vector_bits // 8


KERNELS: dict[str, KernelForms] = {
    "bit_serial": KernelForms(
        BitserialConvOp,
        BitserialGemmOp,
        lambda target, layout, padding, groups, lanes, x_bits: (
            activation_layout(layout, target.word_bits, padding, groups),
            weight_layout(layout, target.word_bits, lanes, groups),
        ),
        lambda target, lanes, x_bits: (
            matmul_rows_layout(target.word_bits),
            matmul_rhs_layout(target.word_bits, lanes),
        ),
    ),
    "dot": KernelForms(
        DotConvOp,
        DotGemmOp,
        lambda target, layout, padding, groups, lanes, x_bits: (
            byte_activation_layout(layout, padding, groups),
            byte_weight_layout(layout, lanes, groups),
        ),
        lambda target, lanes, x_bits: (byte_matmul_lhs_layout(), byte_matmul_rhs_layout(lanes)),
    ),
    "product": KernelForms(
        ProductLutConvOp,
        ProductLutGemmOp,
        lambda target, layout, padding, groups, lanes, x_bits: (
            byte_activation_layout(layout, padding, groups),
            product_weight_layout(layout, lanes, x_bits, groups),
        ),
        lambda target, lanes, x_bits: (
            byte_matmul_lhs_layout(),
            product_matmul_rhs_layout(lanes, x_bits),
        ),
    ),
    "table": KernelForms(
        LutConvOp,
        LutGemmOp,
        lambda target, layout, padding, groups, lanes, x_bits: (
            activation_layout(layout, TABLE_WORD, padding, groups),
            index_weight_layout(layout, lanes, _table_index(target), groups),
        ),
        lambda target, lanes, x_bits: (
            matmul_lhs_layout(TABLE_WORD),
            index_matmul_rhs_layout(lanes, _table_index(target)),
        ),
    ),
}
"""By the name of the strategy."""


def strategy_of(op: KernelOp) -> str:
    """The strategy of a kernel."""
    return next(name for name, forms in KERNELS.items() if isinstance(op, forms.conv | forms.gemm))
