"""`lowbit.bitserial_conv`, `bitserial_gemm`: contractions as popcounts of packed planes."""

from __future__ import annotations

from math import ceil
from typing import ClassVar

from typing_extensions import override
from xdsl.dialects.builtin import MemRefType, VectorType
from xdsl.irdl import irdl_op_definition

from lowbit_dialect.codes import Code, affine
from lowbit_dialect.layouts.kernels import (
    activation_layout,
    matmul_rhs_layout,
    matmul_rows_layout,
    weight_layout,
)
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.ops.contraction import conv_layout
from lowbit_dialect.ops.kernel import ConvKernelOp, GemmKernelOp, KernelOp
from lowbit_dialect.ops.strategy import StrategyOps
from lowbit_dialect.ops.tile import MAX_BODY_WORDS, BitserialTileOp
from lowbit_dialect.schedule import Knob
from lowbit_dialect.sums.bitserial import BitserialSums, decompose

KNOBS = {"words": Knob(1, range(1, MAX_BODY_WORDS + 1))}
"""`words`: words of a pixel that a pass through the innermost loop takes."""


class BitserialKernelOp(KernelOp):
    """What both operations share: the sums that a register tile gives."""

    @property
    @override
    def sum_vectors(self) -> list[VectorType]:
        w = packed_layout(self.operands[1].type)
        assert w is not None, "the verifier says so"
        geometry, lanes = self.geometry, w.lane_block[1]
        words = ceil(geometry.ic / geometry.groups / w.elements_per_word)
        shape = (1, 1, geometry.rows.taps, geometry.cols.taps, words, lanes)
        vectors = lanes // self.vector_lanes
        return BitserialTileOp.sums_of_vector(MemRefType(w.word_type, shape), vectors, *self.codes)


@irdl_op_definition
class BitserialConvOp(BitserialKernelOp, ConvKernelOp):
    """Convolution by popcounts: the clauses of `lowbit.conv2d`, a schedule, and an epilogue.

    x is packed in rows of words (`activation_layout`) with a frame at least as wide as the
    padding, w in blocks of output channels (`weight_layout`).
    """

    name = "lowbit.bitserial_conv"
    KNOBS: ClassVar = KNOBS

    @override
    def raw_sums_of(self, x: Code, w: Code) -> BitserialSums:
        return decompose(affine(x), affine(w))

    @override
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        layout, groups = conv_layout(self), self.geometry.groups
        want_x = activation_layout(layout, x.word_bits.data, groups=groups)
        want_w = weight_layout(layout, w.word_bits.data, max(1, w.lane_block[1]), groups)
        return self.frame_for(x, want_x), want_w


@irdl_op_definition
class BitserialGemmOp(BitserialKernelOp, GemmKernelOp):
    """Matrix product by popcounts: x (M, K) and w (K, N) packed along K, schedule, epilogue."""

    name = "lowbit.bitserial_gemm"
    KNOBS: ClassVar = KNOBS

    @override
    def raw_sums_of(self, x: Code, w: Code) -> BitserialSums:
        return decompose(affine(x), affine(w))

    @override
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        return (
            matmul_rows_layout(x.word_bits.data),
            matmul_rhs_layout(w.word_bits.data, max(1, w.lane_block[1])),
        )


BITSERIAL = StrategyOps(
    "bitserial", BitserialConvOp, BitserialGemmOp, lambda x, w: decompose(affine(x), affine(w))
)
