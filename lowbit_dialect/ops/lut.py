"""`lowbit.lut_conv`, `lut_gemm`: contractions by tables of partial sums (`table_sums`).

Activations are packed as for bit-serial kernels; weights are cut into table indices.
"""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override
from xdsl.dialects.builtin import VectorType, i32
from xdsl.irdl import irdl_op_definition
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code, affine
from lowbit_dialect.layouts.kernels import (
    activation_layout,
    index_matmul_rhs_layout,
    index_weight_layout,
    matmul_lhs_layout,
)
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.ops.contraction import conv_layout
from lowbit_dialect.ops.kernel import ConvKernelOp, GemmKernelOp, KernelOp
from lowbit_dialect.ops.strategy import StrategyOps
from lowbit_dialect.schedule import Knob
from lowbit_dialect.sums.bitserial import BitserialSums, decompose
from lowbit_dialect.sums.lut import TABLE_WORD, LutSums

KNOBS = {
    "chunk": Knob(1, range(1, 1 << 16)),
    "strip": Knob(1, range(1, 1 << 16)),
    "segment": Knob(1, range(1, 1 << 31)),
    "sharing": Knob(1, (1, 2)),
}
"""`chunk`: words of channels whose tables are there at a time; `strip`: register tiles side by side
that share them; `segment`: rows of a strip whose sums are kept between two chunks; `sharing`:
pixels whose entries share a byte."""


def _decomposition(op: KernelOp, x: Code, w: Code) -> BitserialSums:
    layout = packed_layout(op.operands[1].type)
    if layout is None or not len(layout.index):
        raise VerifyException("w must be cut into table indices (#lowbit.packed<.. index = ..>)")
    sums = LutSums.of(affine(x), affine(w), layout.index_shape[0])
    if sums.why_not:
        raise VerifyException(sums.why_not)
    return sums.decomposition


class LutKernelOp(KernelOp):
    """What both operations share: the sums that a register tile gives."""

    @property
    @override
    def sum_vectors(self) -> list[VectorType]:
        w = packed_layout(self.operands[1].type)
        assert w is not None, "the verifier says so"
        return [VectorType(i32, [w.index_shape[1] // 4])]


@irdl_op_definition
class LutConvOp(LutKernelOp, ConvKernelOp):
    """Convolution by tables of partial sums: clauses of `lowbit.conv2d`, schedule, epilogue.

    x is packed in rows of words of 64 bits (`activation_layout`) with a frame at least as wide as
    the padding, w as table indices in blocks of output channels (`index_weight_layout`).
    """

    name = "lowbit.lut_conv"
    KNOBS: ClassVar = KNOBS

    @override
    def raw_sums_of(self, x: Code, w: Code) -> BitserialSums:
        return _decomposition(self, x, w)

    @override
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        layout, groups = conv_layout(self), self.geometry.groups
        want_x = activation_layout(layout, TABLE_WORD, groups=groups)
        want_w = index_weight_layout(layout, max(1, w.lane_block[1]), _index(w), groups)
        return self.frame_for(x, want_x), want_w


@irdl_op_definition
class LutGemmOp(LutKernelOp, GemmKernelOp):
    """Matrix product by tables of partial sums: x (M, K) words, w (K, N) indices, schedule."""

    name = "lowbit.lut_gemm"
    KNOBS: ClassVar = KNOBS

    @override
    def raw_sums_of(self, x: Code, w: Code) -> BitserialSums:
        return _decomposition(self, x, w)

    @override
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        want_w = index_matmul_rhs_layout(max(1, w.lane_block[1]), _index(w))
        return matmul_lhs_layout(TABLE_WORD), want_w


def _index(w: PackedAttr) -> tuple[int, ...]:
    return w.index_shape if len(w.index) else ()


LUT = StrategyOps("lut", LutConvOp, LutGemmOp, lambda x, w: decompose(affine(x), affine(w)))
