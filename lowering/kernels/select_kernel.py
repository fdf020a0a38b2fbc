"""`lowbit-select-kernel`: contractions become kernels, their operands packed as these read them."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.decomposition import decompose
from lowbit_dialect.kernel_layouts import (
    activation_layout,
    matmul_lhs_layout,
    matmul_rhs_layout,
    weight_layout,
)
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.bitserial import BitserialConvOp, BitserialGemmOp, CorrectionOp
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp
from lowbit_dialect.ops.pack import BitpackOp
from lowering.kernels.default_schedule import default_schedule, kernel_lanes, kernel_word_bits
from lowering.opt.diagnostics import fail
from lowering.targets import Target, get_target


def _affine_codes(op: Conv2DOp | MatmulOp) -> tuple[AffineCode, AffineCode]:
    x, w = code_of(op.x.type, "x"), code_of(op.w.type, "w")
    for role, code in (("x", x), ("w", w)):
        if not isinstance(code, AffineCode):
            fail(
                op,
                f"{role} has code {code}; the bit-serial kernels take unipolar, bipolar and signed"
                " codes",
            )
    assert isinstance(x, AffineCode)
    assert isinstance(w, AffineCode)
    return x, w


@dataclass(frozen=True)
class SelectBitserialConv(RewritePattern):
    """A convolution becomes bit-serial.

    %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1]
    ->
    %xp = lowbit.bitpack %x
    %wp = lowbit.bitpack %w
    %c = lowbit.correction %w
    %y = lowbit.bitserial_conv %xp, %wp, %c padding [1, 1, 1, 1] schedule ..
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: Conv2DOp, rewriter: PatternRewriter) -> None:
        x_code, w_code = _affine_codes(op)
        geometry, layout = op.geometry, op.layout.data
        schedule = default_schedule(geometry, w_code.width, self.target)
        word = kernel_word_bits(self.target)
        lanes = schedule.vectors.data * kernel_lanes(self.target)
        padding = tuple(op.padding.get_values())
        x = BitpackOp.get(op.x, activation_layout(layout, word, padding, geometry.groups))
        w = BitpackOp.get(op.w, weight_layout(layout, word, lanes, geometry.groups))
        new: list[Operation] = [x, w]
        operands: list[SSAValue] = [x.result, w.result]
        clauses = {c.name: op.properties[c.name] for c in Conv2DOp.CLAUSES}
        if decompose(x_code, w_code).needs_correction:
            image = (geometry.rows.extent, geometry.cols.extent)
            new.append(correction := CorrectionOp.get(op.w, x_code, image, **clauses))
            operands.append(correction.result)
        kernel = BitserialConvOp.build_op(operands, [op.result.type], schedule=schedule, **clauses)
        rewriter.replace(op, [*new, kernel])


@dataclass(frozen=True)
class SelectBitserialGemm(RewritePattern):
    """A matrix product becomes bit-serial.

    %y = lowbit.matmul %x, %w
    ->
    %xp = lowbit.bitpack %x
    %wp = lowbit.bitpack %w
    %c = lowbit.correction %w
    %y = lowbit.bitserial_gemm %xp, %wp, %c schedule ..
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MatmulOp, rewriter: PatternRewriter) -> None:
        x_code, w_code = _affine_codes(op)
        schedule = default_schedule(op.geometry, w_code.width, self.target)
        word = kernel_word_bits(self.target)
        lanes = schedule.vectors.data * kernel_lanes(self.target)
        x = BitpackOp.get(op.x, matmul_lhs_layout(word))
        w = BitpackOp.get(op.w, matmul_rhs_layout(word, lanes))
        new: list[Operation] = [x, w]
        operands: list[SSAValue] = [x.result, w.result]
        if decompose(x_code, w_code).needs_correction:
            new.append(correction := CorrectionOp.get(op.w, x_code))
            operands.append(correction.result)
        kernel = BitserialGemmOp.build_op(operands, [op.result.type], schedule=schedule)
        rewriter.replace(op, [*new, kernel])


@dataclass(frozen=True)
class SelectKernelPass(ModulePass):
    """Choose the kernel of every conv2d and matmul, and its schedule, for a target."""

    name = "lowbit-select-kernel"
    target: str = "host"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite every contraction."""
        target = get_target(self.target)
        PatternRewriteWalker(
            GreedyRewritePatternApplier([SelectBitserialConv(target), SelectBitserialGemm(target)]),
            apply_recursively=False,
        ).rewrite_module(op)
