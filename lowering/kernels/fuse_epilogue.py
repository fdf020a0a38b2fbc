"""`lowbit-fuse-epilogue`: glue and packing move into the kernel that makes their operand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from lowbit_dialect.constants import constant_tensor, constant_values
from lowbit_dialect.geometry import LAYOUTS
from lowbit_dialect.layouts.kernels import result_layouts
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import ConvKernelOp, KernelOp, YieldOp
from lowbit_dialect.ops.pack import BitpackOp
from lowbit_dialect.sums.base import INT32_MAX
from lowering.support.rewriting import rewrite


def _kernel_of(value: SSAValue) -> KernelOp | None:
    """The kernel whose only use is this operand."""
    owner = value.owner
    return owner if isinstance(owner, KernelOp) and value.has_one_use() else None


def _append(kernel: KernelOp, consumer: Operation, rewriter: PatternRewriter) -> None:
    """Move `consumer`, the only user of the kernel's result, to the end of its epilogue."""
    region = kernel.regions[0]
    kernel.detach_region(region)
    if not region.blocks:
        block = Block(arg_types=[kernel.accumulator_type])
        block.add_op(YieldOp.build_op([block.args[0]], []))
        region = Region(block)
    block = region.blocks[0]
    end = block.last_op
    assert isinstance(end, YieldOp)
    moved = consumer.clone()
    moved.operands = [
        end.value if operand is kernel.results[0] else operand for operand in consumer.operands
    ]
    block.insert_ops_before([moved], end)
    end.operands = [moved.results[0]]
    fused = type(kernel).create(
        operands=kernel.operands,
        result_types=[moved.results[0].type],
        properties=kernel.properties,
        attributes=kernel.attributes,
        regions=[region],
    )
    rewriter.replace(consumer, fused)
    rewriter.erase(kernel)


class FuseGlue(RewritePattern):
    """Glue on the channels of a kernel becomes its epilogue.

    %y = lowbit.bitserial_conv %x, %w
    %q = lowbit.fused_glue %y, %t form threshold
    ->
    %q = lowbit.bitserial_conv %x, %w epilogue {
    ^bb0(%acc):
      %g = lowbit.fused_glue %acc, %t form threshold
      lowbit.yield %g
    }
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: FusedGlueOp, rewriter: PatternRewriter) -> None:
        kernel = _kernel_of(op.acc)
        if kernel is None or kernel.epilogue_block is not None:
            return
        layout = kernel.layout.data if isinstance(kernel, ConvKernelOp) else None
        channel = LAYOUTS[layout][3] if layout else 1
        if op.channel_dim == channel:
            _append(kernel, op, rewriter)


class FusePack(RewritePattern):
    """Packing for the next kernel happens in registers.

    %q = lowbit.bitserial_conv %x, %w epilogue { ..  lowbit.yield %g }
    %p = lowbit.bitpack %q
    ->
    %p = lowbit.bitserial_conv %x, %w epilogue { ..  %b = lowbit.bitpack %g  lowbit.yield %b }
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BitpackOp, rewriter: PatternRewriter) -> None:
        kernel = _kernel_of(op.x)
        layout = packed_layout(op.result.type)
        assert layout is not None
        if kernel is None or kernel.epilogue_block is None:
            return
        order, groups = None, 1
        if isinstance(kernel, ConvKernelOp):
            order, groups = kernel.layout.data, kernel.groups.value.data
        if layout.with_frame(()) in result_layouts(order, layout.word_bits.data, groups):
            _append(kernel, op, rewriter)


class AbsorbCorrection(RewritePattern):
    """A constant correction without border classes moves into the constants of the glue.

    %q = lowbit.bitserial_conv %x, %w, %c epilogue { lowbit.fused_glue %acc, %t .. }
    ->
    %q = lowbit.bitserial_conv %x, %w epilogue { lowbit.fused_glue %acc, %u .. }    u = t - c
    """

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        """Rewrite one kernel, of whatever strategy."""
        if not isinstance(op, KernelOp) or len(op.operands) < 3:
            return
        block = op.epilogue_block
        if block is None:
            return
        glue = next((o for o in block.ops if isinstance(o, FusedGlueOp)), None)
        correction = constant_values(op.operands[2])
        if glue is None or correction is None or correction.shape[:2] != (1, 1):
            return
        if op.kernel_sums.raw_bound(op.geometry.taps) >= INT32_MAX:
            # The sums could wrap, and be compared before they wrap back, or reach the i32 that
            # stands for a threshold beyond it.
            return
        parameters = _absorb(glue, correction[0, 0].astype(np.int64))
        if parameters is None:
            return
        rewriter.insert(parameters)
        operands = list(glue.operands)
        operands[1] = parameters.result
        glue.operands = operands
        fused = type(op).create(
            operands=op.operands[:2],
            result_types=op.result_types,
            properties=op.properties,
            attributes=op.attributes,
            regions=[op.detach_region(op.regions[0])],
        )
        rewriter.replace(op, fused)


def _absorb(glue: FusedGlueOp, correction: np.ndarray):
    """The constant that replaces thresholds or offset, or None where they are not constant."""
    parameters = [constant_values(value) for value in glue.parameters]
    moved = glue.glue_form.absorbed(parameters, correction)
    return None if moved is None else constant_tensor(moved)


@dataclass(frozen=True)
class FuseEpiloguePass(ModulePass):
    """Fuse glue and packing into the kernels before them."""

    name = "lowbit-fuse-epilogue"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply the patterns until nothing changes."""
        rewrite(op, [FuseGlue(), FusePack(), AbsorbCorrection()])
