"""`lowbit-select-kernel`: contractions become kernels, their operands packed as these read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from lowbit_dialect.layouts.kernels import column_activation_layout, column_weight_layout
from lowbit_dialect.ops.base import ints
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp
from lowbit_dialect.ops.correction import CorrectionOp
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.pack import BitpackOp
from lowbit_dialect.ops.reshape import ReshapeOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import KernelSelector
from lowering.kernels.records import kernel_selector
from lowering.record_sources import SHIPPED_RECORDS
from lowering.strategies import AUTO, get_strategy
from lowering.strategies.base import ConvLayout, Layouts, Strategy
from lowering.support.diagnostics import fail
from lowering.support.rewriting import rewrite
from lowering.targets import Target, get_target


@dataclass(frozen=True)
class SelectConvKernel(RewritePattern):
    """A convolution becomes a kernel of some strategy.

    %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1]
    ->
    %xp = lowbit.bitpack %x
    %wp = lowbit.bitpack %w
    %c = lowbit.correction %w
    %y = lowbit.bitserial_conv %xp, %wp, %c padding [1, 1, 1, 1] schedule ..
    """

    target: Target
    choose: KernelSelector

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: Conv2DOp, rewriter: PatternRewriter) -> None:
        geometry, conv = op.geometry, _conv_layout(op)
        kernel = _Kernel.of(op, self.target, self.choose, conv)
        clauses = {c.name: op.properties[c.name] for c in Conv2DOp.CLAUSES}
        if kernel.strategy.folds_columns(kernel.contraction, conv, kernel.schedule):
            kernel.replace_folded(op, rewriter, clauses)
            return
        image = (geometry.rows.extent, geometry.cols.extent)
        kernel.replace(op, rewriter, kernel.strategy.ops.conv, image, clauses)


@dataclass(frozen=True)
class SelectGemmKernel(RewritePattern):
    """A matrix product becomes a kernel of some strategy.

    %y = lowbit.matmul %x, %w
    ->
    %xp = lowbit.bitpack %x
    %wp = lowbit.bitpack %w
    %c = lowbit.correction %w
    %y = lowbit.bitserial_gemm %xp, %wp, %c schedule ..
    """

    target: Target
    choose: KernelSelector

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MatmulOp, rewriter: PatternRewriter) -> None:
        kernel = _Kernel.of(op, self.target, self.choose)
        kernel.replace(op, rewriter, kernel.strategy.ops.gemm, (), {})


def _conv_layout(op: Conv2DOp) -> ConvLayout:
    return ConvLayout(op.layout.data, tuple(op.padding.get_values()), op.geometry.groups)


@dataclass(frozen=True)
class _Kernel:
    """What was chosen for a contraction, and how its operands lie."""

    contraction: Contraction
    strategy: Strategy
    schedule: ScheduleAttr
    layouts: Layouts

    @staticmethod
    def of(
        op: Conv2DOp | MatmulOp,
        target: Target,
        choose: KernelSelector,
        conv: ConvLayout | None = None,
    ) -> _Kernel:
        """The strategy and schedule for a contraction, and the layouts for them."""
        problem = Contraction.of(op)
        try:
            choice = choose(problem)
        except ValueError as error:
            fail(op, str(error))
        contraction, strategy = problem.on(target), get_strategy(choice.strategy)
        lanes = choice.schedule.vectors.data * strategy.lanes(target)
        layouts = strategy.layouts(contraction, lanes, conv, choice.schedule)
        return _Kernel(contraction, strategy, choice.schedule, layouts)

    def replace_folded(
        self, op: Conv2DOp, rewriter: PatternRewriter, clauses: dict[str, Attribute]
    ) -> None:
        """Replace the convolution by one of an image whose columns are those of all channels.

        Pixels of C channels lie as C columns of one channel: taps, strides and padding of columns
        are C times as many.

        %y = lowbit.conv2d %x, %w strides [2, 2] padding [3, 3, 3, 3]
            : (tensor<1x224x224x3x..>, tensor<64x7x7x3x..>) -> ..
        ->
        %xr = lowbit.reshape %x : (..) -> tensor<1x224x672x1x..>
        %wr = lowbit.reshape %w : (..) -> tensor<64x7x21x1x..>
        %xp = lowbit.bitpack %xr
        %wp = lowbit.bitpack %wr
        %y = lowbit.dot_conv %xp, %wp strides [2, 6] padding [3, 3, 9, 9] schedule ..
        """
        g = op.geometry
        top, bottom, left, right = op.padding.get_values()
        padding = (top, bottom, left * g.ic, right * g.ic)
        x = ReshapeOp.get(op.x, (g.batch, g.rows.extent, g.cols.extent * g.ic, 1))
        w = ReshapeOp.get(op.w, (g.oc, g.rows.taps, g.cols.taps * g.ic, 1))
        lanes = self.layouts[1].lane_block[1]
        packed = [
            BitpackOp.get(x.result, column_activation_layout(padding, g.cols.taps * g.ic)),
            BitpackOp.get(w.result, column_weight_layout(lanes)),
        ]
        clauses |= {
            "strides": ints((g.rows.stride, g.cols.stride * g.ic)),
            "padding": ints(padding),
        }
        operands = [one.result for one in packed]
        found = self.strategy.ops.conv.build_op(
            operands, [op.result.type], schedule=self.schedule.without_skip(), **clauses
        )
        rewriter.replace(op, [x, w, *packed, found])

    def replace(
        self,
        op: Conv2DOp | MatmulOp,
        rewriter: PatternRewriter,
        kernel: type[KernelOp],
        image: Sequence[int],
        clauses: dict[str, Attribute],
    ) -> None:
        """Replace the contraction by the kernel, its operands packed as it reads them."""
        x, w = (BitpackOp.get(v, one) for v, one in zip((op.x, op.w), self.layouts, strict=True))
        new: list[Operation] = [x, w]
        operands: list[SSAValue] = [x.result, w.result]
        if self.strategy.ops.sums(*self.contraction.codes).needs_correction:
            strategy, x_code = StringAttr(self.strategy.name), self.contraction.x
            correction = CorrectionOp.get(op.w, x_code, image, strategy=strategy, **clauses)
            new.append(correction)
            operands.append(correction.result)
        found = kernel.build_op(operands, [op.result.type], schedule=self.schedule, **clauses)
        rewriter.replace(op, [*new, found])


def select_kernels(module: ModuleOp, target: Target, choose: KernelSelector) -> None:
    """Rewrite every contraction of a module into the kernel that `choose` says."""
    rewrite(
        module,
        [SelectConvKernel(target, choose), SelectGemmKernel(target, choose)],
        recursively=False,
    )


@dataclass(frozen=True)
class SelectKernelPass(ModulePass):
    """Choose the kernel of every conv2d and matmul, and its schedule, for a target.

    `strategy` is the one to take, or `auto` for the fastest. A contraction that it cannot take,
    such as one by dot products with weights that do not fit in bytes, is refused with the reason.
    `records` is a file that `lowbit tune` wrote; what it says of a kernel counts, then the records
    that come with lowbit, then the cost model. `shipped` leaves out the file, `none` leaves the
    cost model alone.

    Raises:
        ValueError: there is no such target or strategy, or the records cannot be read.
        PassFailedException: the strategy cannot take a contraction.
    """

    name = "lowbit-select-kernel"
    target: str = "host"
    strategy: str = AUTO
    records: str = SHIPPED_RECORDS

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite every contraction."""
        target = get_target(self.target)
        select_kernels(op, target, kernel_selector(target, self.strategy, self.records))
