"""`lowbit-propagate-layout`: packed activations flow from layer to layer."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)

from lowbit_dialect.layouts.kernels import result_layouts
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.ops.concat import ConcatOp, why_not_concat
from lowbit_dialect.ops.kernel import ConvKernelOp
from lowbit_dialect.ops.pack import BitpackOp, UnpackOp, with_encoding
from lowbit_dialect.ops.pool import MaxPool2DOp
from lowering.support.rewriting import rewrite


def layout_of(value: SSAValue) -> PackedAttr:
    """The layout of a value known to be packed."""
    layout = packed_layout(value.type)
    assert layout is not None
    return layout


def _only_kernels_read(op: BitpackOp) -> bool:
    """Whether every use takes whatever frame there is (a returned value's type is fixed)."""
    readers = (ConcatOp, ConvKernelOp, MaxPool2DOp, UnpackOp)
    return all(isinstance(use.operation, readers) for use in op.result.uses)


class FoldPackOfUnpack(RewritePattern):
    """Packing what was just unpacked, in the same layout, changes nothing.

    %u = lowbit.unpack %p
    %q = lowbit.bitpack %u    (same type as %p)
    ->
    uses of %q become uses of %p
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BitpackOp, rewriter: PatternRewriter) -> None:
        source = op.x.owner
        if isinstance(source, UnpackOp) and source.x.type == op.result.type:
            rewriter.replace(op, [], [source.x])


class FoldUnpackOfPack(RewritePattern):
    """Unpacking what was just packed changes nothing.

    %p = lowbit.bitpack %x
    %u = lowbit.unpack %p
    ->
    uses of %u become uses of %x
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: UnpackOp, rewriter: PatternRewriter) -> None:
        source = op.x.owner
        if isinstance(source, BitpackOp):
            rewriter.replace(op, [], [source.x])


class MergeFrames(RewritePattern):
    """Two packings of one value that differ in the frame share the wider one.

    %p = lowbit.bitpack %x    frame of 0
    %q = lowbit.bitpack %x    frame of 1
    ->
    %q = lowbit.bitpack %x    frame of 1; kernels skip what they do not read
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BitpackOp, rewriter: PatternRewriter) -> None:
        layout = layout_of(op.result)
        for use in list(op.x.uses):
            other = use.operation
            if not isinstance(other, BitpackOp) or other is op or other.parent is not op.parent:
                continue
            theirs = layout_of(other.result)
            if theirs.with_frame(()) != layout.with_frame(()):
                continue
            if not (_only_kernels_read(op) and _only_kernels_read(other)):
                continue
            frames = [[f.data for f in one.frame] or [0] * 2 * one.rank for one in (layout, theirs)]
            merged = layout.with_frame([max(pair) for pair in zip(*frames, strict=True)])
            first, second = (op, other) if op.is_before_in_block(other) else (other, op)
            shared = BitpackOp.get(op.x, merged)
            rewriter.replace(first, shared)
            rewriter.replace(second, [], [shared.result])
            return


class PackBeforePool(RewritePattern):
    """A pooled value that is only packed is pooled packed.

    %m = lowbit.max_pool2d %x
    %p = lowbit.bitpack %m
    ->
    %q = lowbit.bitpack %x
    %p = lowbit.max_pool2d %q
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BitpackOp, rewriter: PatternRewriter) -> None:
        pool = op.x.owner
        if not isinstance(pool, MaxPool2DOp) or not pool.result.has_one_use():
            return
        layout = layout_of(op.result)
        unframed = layout.with_frame(())
        order, groups = pool.layout.data, layout.groups.data
        if unframed not in result_layouts(order, layout.word_bits.data, groups):
            return
        packed = BitpackOp.get(pool.x, unframed)
        assert isinstance(op.result.type, TensorType)
        pooled = MaxPool2DOp.create(
            operands=[packed.result],
            result_types=[with_encoding(op.result.type, layout)],
            properties=pool.properties,
        )
        rewriter.replace(op, [packed, pooled])
        rewriter.erase(pool)


class PackBeforeConcat(RewritePattern):
    """Tensors that are only joined along the packed dimension, and packed, are joined packed.

    %c = lowbit.concat %x, %y
    %p = lowbit.bitpack %c
    ->
    %q = lowbit.bitpack %x
    %r = lowbit.bitpack %y
    %p = lowbit.concat %q, %r
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BitpackOp, rewriter: PatternRewriter) -> None:
        concat = op.x.owner
        if not isinstance(concat, ConcatOp) or not concat.result.has_one_use():
            return
        layout = layout_of(op.result)
        if why_not_concat(layout, concat.dim) is not None:
            return
        packed = [BitpackOp.get(value, layout.with_frame(())) for value in concat.inputs]
        joined = ConcatOp.get(packed, concat.axis.value.data, layout)
        rewriter.replace(op, [*packed, joined])
        rewriter.erase(concat)


@dataclass(frozen=True)
class PropagateLayoutPass(ModulePass):
    """Remove packing and unpacking between layers; move packing ahead of pooling and joining."""

    name = "lowbit-propagate-layout"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Apply the patterns until nothing changes."""
        rewrite(
            op,
            [
                FoldPackOfUnpack(),
                FoldUnpackOfPack(),
                MergeFrames(),
                PackBeforePool(),
                PackBeforeConcat(),
            ],
        )
