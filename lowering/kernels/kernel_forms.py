"""The operations of each strategy, and the layouts they read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lowbit_dialect.codes import Code
from lowbit_dialect.extensions import note_shipped
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
from lowering.kernels.dot_words import dot_words
from lowering.kernels.table_plan import index_bits
from lowering.targets import Target

Padding = tuple[int, ...]
Codes = tuple[Code, Code]
Layouts = tuple[PackedAttr, PackedAttr]


@dataclass(frozen=True)
class KernelForms:
    """The two operations of a strategy, and functions that give the layouts of their x and w.

    `conv_layouts` takes the target, the convolution's layout, padding and groups, and the lanes of
    a block of channels, and the codes of x and w; `gemm_layouts` the target, lanes and codes.
    """

    conv: type[ConvKernelOp]
    gemm: type[GemmKernelOp]
    conv_layouts: Callable[[Target, str, Padding, int, int, Codes], Layouts]
    gemm_layouts: Callable[[Target, int, Codes], Layouts]


def _dot_conv_layouts(
    target: Target, layout: str, padding: Padding, groups: int, lanes: int, codes: Codes
) -> Layouts:
    form = dot_words(codes, target)
    return (
        byte_activation_layout(layout, padding, groups, form.word_bits),
        byte_weight_layout(layout, lanes, groups, word_bits=form.word_bits, holds=form.holds),
    )


def _dot_gemm_layouts(target: Target, lanes: int, codes: Codes) -> Layouts:
    form = dot_words(codes, target)
    return (
        byte_matmul_lhs_layout(form.word_bits),
        byte_matmul_rhs_layout(lanes, word_bits=form.word_bits, holds=form.holds),
    )


def _table_index(target: Target) -> tuple[int, int]:
    return index_bits(target), target.vector_bits // 8


KERNELS: dict[str, KernelForms] = {
    "bit_serial": KernelForms(
        BitserialConvOp,
        BitserialGemmOp,
        lambda target, layout, padding, groups, lanes, codes: (
            activation_layout(layout, target.word_bits, padding, groups),
            weight_layout(layout, target.word_bits, lanes, groups),
        ),
        lambda target, lanes, codes: (
            matmul_rows_layout(target.word_bits),
            matmul_rhs_layout(target.word_bits, lanes),
        ),
    ),
    "dot": KernelForms(
        DotConvOp,
        DotGemmOp,
        _dot_conv_layouts,
        _dot_gemm_layouts,
    ),
    "product": KernelForms(
        ProductLutConvOp,
        ProductLutGemmOp,
        lambda target, layout, padding, groups, lanes, codes: (
            byte_activation_layout(layout, padding, groups),
            product_weight_layout(layout, lanes, codes[0].width, groups),
        ),
        lambda target, lanes, codes: (
            byte_matmul_lhs_layout(),
            product_matmul_rhs_layout(lanes, codes[0].width),
        ),
    ),
    "table": KernelForms(
        LutConvOp,
        LutGemmOp,
        lambda target, layout, padding, groups, lanes, codes: (
            activation_layout(layout, TABLE_WORD, padding, groups),
            index_weight_layout(layout, lanes, _table_index(target), groups),
        ),
        lambda target, lanes, codes: (
            matmul_lhs_layout(TABLE_WORD),
            index_matmul_rhs_layout(lanes, _table_index(target)),
        ),
    ),
}
"""By the name of the strategy."""
note_shipped(KERNELS)


def strategy_of(op: KernelOp) -> str:
    """The strategy of a kernel."""
    return next(name for name, forms in KERNELS.items() if isinstance(op, forms.conv | forms.gemm))
