"""`lowbit-select-kernel`: contractions become kernels, their operands packed as these read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)

from lowbit_dialect.codes import Code, affine
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.layout import PackedAttr
from lowbit_dialect.level_product import LevelProduct
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp
from lowbit_dialect.ops.correction import RAW_SUMS, CorrectionOp
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.pack import BitpackOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.choice import Chooser
from lowering.kernels.default_schedule import kernel_lanes
from lowering.kernels.kernel_forms import KERNELS
from lowering.kernels.problem import Problem
from lowering.kernels.records import chooser
from lowering.kernels.weight_storage import weight_bits
from lowering.opt.diagnostics import fail
from lowering.record_sources import SHIPPED_RECORDS
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
    choose: Chooser

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: Conv2DOp, rewriter: PatternRewriter) -> None:
        geometry = op.geometry
        kernel = _Kernel.of(op, self.target, self.choose)
        padding = tuple(op.padding.get_values())
        layouts = KERNELS[kernel.strategy].conv_layouts(
            *(self.target, op.layout.data, padding, geometry.groups),
            *(kernel.lanes, (kernel.x_code, kernel.w_code)),
        )
        clauses = {c.name: op.properties[c.name] for c in Conv2DOp.CLAUSES}
        image = (geometry.rows.extent, geometry.cols.extent)
        layouts = kernel.stored(layouts, geometry, self.target)
        kernel.replace(op, rewriter, KERNELS[kernel.strategy].conv, layouts, image, clauses)


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
    choose: Chooser

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MatmulOp, rewriter: PatternRewriter) -> None:
        kernel = _Kernel.of(op, self.target, self.choose)
        layouts = KERNELS[kernel.strategy].gemm_layouts(
            self.target, kernel.lanes, (kernel.x_code, kernel.w_code)
        )
        layouts = kernel.stored(layouts, op.geometry, self.target)
        kernel.replace(op, rewriter, KERNELS[kernel.strategy].gemm, layouts, (), {})


@dataclass(frozen=True)
class _Kernel:
    """What was chosen for a contraction."""

    x_code: Code
    w_code: Code
    strategy: str
    schedule: ScheduleAttr
    lanes: int

    @staticmethod
    def of(op: Conv2DOp | MatmulOp, target: Target, choose: Chooser) -> _Kernel:
        """The strategy and schedule for a contraction, and the lanes of its channel blocks."""
        try:
            choice = choose(Problem.of(op))
        except ValueError as error:
            fail(op, str(error))
        lanes = choice.schedule.vectors.data * kernel_lanes(target, choice.strategy)
        codes = code_of(op.x.type, "x"), code_of(op.w.type, "w")
        return _Kernel(*codes, choice.strategy, choice.schedule, lanes)

    def stored(
        self, layouts: tuple[PackedAttr, PackedAttr], geometry: ConvGeometry, target: Target
    ) -> tuple[PackedAttr, PackedAttr]:
        """The layouts of x and w, where it pays with levels of few bits instead of bytes of w."""
        x, w = layouts
        if self.strategy != "dot":
            return layouts
        tile = (self.schedule.pixels.data, self.schedule.vectors.data)
        bits = weight_bits(
            LevelProduct(affine(self.x_code), affine(self.w_code)), geometry, tile, target
        )
        return (x, w if bits == 8 else w.as_levels(bits))

    def replace(
        self,
        op: Conv2DOp | MatmulOp,
        rewriter: PatternRewriter,
        kernel: type[KernelOp],
        layouts: tuple[PackedAttr, PackedAttr],
        image: Sequence[int],
        clauses: dict[str, Attribute],
    ) -> None:
        """Replace the contraction by the kernel, its operands packed as `layouts` say."""
        x, w = (BitpackOp.get(v, one) for v, one in zip((op.x, op.w), layouts, strict=True))
        new: list[Operation] = [x, w]
        operands: list[SSAValue] = [x.result, w.result]
        if RAW_SUMS[self.strategy](self.x_code, self.w_code).needs_correction:
            strategy = StringAttr(self.strategy)
            correction = CorrectionOp.get(op.w, self.x_code, image, strategy=strategy, **clauses)
            new.append(correction)
            operands.append(correction.result)
        found = kernel.build_op(operands, [op.result.type], schedule=self.schedule, **clauses)
        rewriter.replace(op, [*new, found])


def select_kernels(module: ModuleOp, target: Target, choose: Chooser) -> None:
    """Rewrite every contraction of a module into the kernel that `choose` says."""
    PatternRewriteWalker(
        GreedyRewritePatternApplier(
            [SelectConvKernel(target, choose), SelectGemmKernel(target, choose)]
        ),
        apply_recursively=False,
    ).rewrite_module(module)


@dataclass(frozen=True)
class SelectKernelPass(ModulePass):
    """Choose the kernel of every conv2d and matmul, and its schedule, for a target.

    `strategy` is the one to take, or `auto` for the fastest. A contraction that it cannot take,
    such as `dot` with weights that do not fit in bytes, is refused with the reason. `records` is a
    file that `lowbit tune` wrote; what it says of a kernel counts, then the records that come with
    lowbit, then the cost model. `shipped` leaves out the file, `none` leaves the cost model alone.

    Raises:
        ValueError: there is no such target or strategy, or the records cannot be read.
        PassFailedException: the strategy cannot take a contraction.
    """

    name = "lowbit-select-kernel"
    target: str = "host"
    strategy: str = "auto"
    records: str = SHIPPED_RECORDS

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite every contraction."""
        target = get_target(self.target)
        select_kernels(op, target, chooser(target, self.strategy, self.records))
