"""`lowbit-select-kernel`: contractions become kernels, their operands packed as these read them."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
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
from lowbit_dialect.kernel_layouts import (
    activation_layout,
    byte_activation_layout,
    byte_matmul_lhs_layout,
    byte_matmul_rhs_layout,
    byte_weight_layout,
    matmul_lhs_layout,
    matmul_rhs_layout,
    weight_layout,
)
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.bitserial import BitserialConvOp, BitserialGemmOp
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp
from lowbit_dialect.ops.correction import RAW_SUMS, CorrectionOp
from lowbit_dialect.ops.dot import DotConvOp, DotGemmOp
from lowbit_dialect.ops.pack import BitpackOp
from lowering.kernels.default_schedule import default_schedule, kernel_lanes, kernel_word_bits
from lowering.kernels.strategy import resolve_strategy
from lowering.kernels.weight_storage import weight_bits
from lowering.opt.diagnostics import fail
from lowering.strategies import check_strategy
from lowering.targets import Target, get_target


def _affine_codes(op: Conv2DOp | MatmulOp) -> tuple[AffineCode, AffineCode]:
    x, w = code_of(op.x.type, "x"), code_of(op.w.type, "w")
    for role, code in (("x", x), ("w", w)):
        if not isinstance(code, AffineCode):
            fail(
                op,
                f"{role} has code {code}; the kernels take unipolar, bipolar and signed codes",
            )
    assert isinstance(x, AffineCode)
    assert isinstance(w, AffineCode)
    return x, w


@dataclass(frozen=True)
class SelectConvKernel(RewritePattern):
    """A convolution becomes a kernel, bit-serial or of dot products.

    %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1]
    ->
    %xp = lowbit.bitpack %x
    %wp = lowbit.bitpack %w
    %c = lowbit.correction %w
    %y = lowbit.bitserial_conv %xp, %wp, %c padding [1, 1, 1, 1] schedule ..
    """

    target: Target
    strategy: str

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: Conv2DOp, rewriter: PatternRewriter) -> None:
        x_code, w_code = _affine_codes(op)
        geometry, layout = op.geometry, op.layout.data
        strategy = resolve_strategy(self.strategy, x_code, w_code, op.geometry, self.target)
        schedule = default_schedule(geometry, w_code.width, self.target, strategy)
        lanes = schedule.vectors.data * kernel_lanes(self.target, strategy)
        padding, groups = tuple(op.padding.get_values()), geometry.groups
        if strategy == "dot":
            kernel_op = DotConvOp
            x_layout = byte_activation_layout(layout, padding, groups)
            bits = weight_bits(x_code, w_code, geometry, schedule, self.target)
            w_layout = byte_weight_layout(layout, lanes, groups, bits)
        else:
            kernel_op, word = BitserialConvOp, kernel_word_bits(self.target)
            x_layout = activation_layout(layout, word, padding, groups)
            w_layout = weight_layout(layout, word, lanes, groups)
        x, w = BitpackOp.get(op.x, x_layout), BitpackOp.get(op.w, w_layout)
        new: list[Operation] = [x, w]
        operands: list[SSAValue] = [x.result, w.result]
        clauses = {c.name: op.properties[c.name] for c in Conv2DOp.CLAUSES}
        if RAW_SUMS[strategy](x_code, w_code).needs_correction:
            image = (geometry.rows.extent, geometry.cols.extent)
            correction = CorrectionOp.get(
                op.w, x_code, image, strategy=StringAttr(strategy), **clauses
            )
            new.append(correction)
            operands.append(correction.result)
        kernel = kernel_op.build_op(operands, [op.result.type], schedule=schedule, **clauses)
        rewriter.replace(op, [*new, kernel])


@dataclass(frozen=True)
class SelectGemmKernel(RewritePattern):
    """A matrix product becomes a kernel, bit-serial or of dot products.

    %y = lowbit.matmul %x, %w
    ->
    %xp = lowbit.bitpack %x
    %wp = lowbit.bitpack %w
    %c = lowbit.correction %w
    %y = lowbit.bitserial_gemm %xp, %wp, %c schedule ..
    """

    target: Target
    strategy: str

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MatmulOp, rewriter: PatternRewriter) -> None:
        x_code, w_code = _affine_codes(op)
        strategy = resolve_strategy(self.strategy, x_code, w_code, op.geometry, self.target)
        schedule = default_schedule(op.geometry, w_code.width, self.target, strategy)
        lanes = schedule.vectors.data * kernel_lanes(self.target, strategy)
        if strategy == "dot":
            kernel_op = DotGemmOp
            bits = weight_bits(x_code, w_code, op.geometry, schedule, self.target)
            x_layout, w_layout = byte_matmul_lhs_layout(), byte_matmul_rhs_layout(lanes, bits)
        else:
            kernel_op, word = BitserialGemmOp, kernel_word_bits(self.target)
            x_layout, w_layout = matmul_lhs_layout(word), matmul_rhs_layout(word, lanes)
        x, w = BitpackOp.get(op.x, x_layout), BitpackOp.get(op.w, w_layout)
        new: list[Operation] = [x, w]
        operands: list[SSAValue] = [x.result, w.result]
        if RAW_SUMS[strategy](x_code, w_code).needs_correction:
            correction = CorrectionOp.get(op.w, x_code, strategy=StringAttr(strategy))
            new.append(correction)
            operands.append(correction.result)
        kernel = kernel_op.build_op(operands, [op.result.type], schedule=schedule)
        rewriter.replace(op, [*new, kernel])


@dataclass(frozen=True)
class SelectKernelPass(ModulePass):
    """Choose the kernel of every conv2d and matmul, and its schedule, for a target.

    `strategy` is `auto`, `bit_serial`, or `dot`, which stays bit-serial where the weights do not
    fit in bytes.

    Raises:
        ValueError: there is no such target or strategy.
    """

    name = "lowbit-select-kernel"
    target: str = "host"
    strategy: str = "auto"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite every contraction."""
        target = get_target(self.target)
        check_strategy(self.strategy)
        PatternRewriteWalker(
            GreedyRewritePatternApplier(
                [
                    SelectConvKernel(target, self.strategy),
                    SelectGemmKernel(target, self.strategy),
                ]
            ),
            apply_recursively=False,
        ).rewrite_module(op)
