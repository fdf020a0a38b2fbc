"""`lowbit-split-stages`: what a kernel needs besides its own loops becomes operations of its own.

It comes before `lowbit-bufferize`, which makes a stage of each operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from lowbit_dialect.layouts.channels import ChannelsAttr, channels_layout
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.copy import CopyOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import ConvKernelOp, KernelOp
from lowering.loops.epilogue.channel_table import parameter_layout
from lowering.loops.epilogue.glue_levels import GLUE_LEVELS
from lowering.loops.stage import is_constant_value, shape_of


def split_parameters(op: KernelOp) -> None:
    """Parameters that are not constant are brought into the order of the kernel's lanes.

    %y = lowbit.bitserial_conv %x, %w, %c .. : (.., tensor<1x1x5xi32>) -> ..
    ->
    %t = lowbit.copy %c : (tensor<1x1x5xi32>)
        -> tensor<1x1x5xi32, #lowbit.channels<axis = 2, lanes = 16>>
    %y = lowbit.bitserial_conv %x, %w, %t ..
    """
    for user, index, fill, channels_first in _parameters(op):
        value = user.operands[index]
        if is_constant_value(value) or channels_layout(value.type) is not None:
            continue
        copy = CopyOp.get(value, parameter_layout(op, value, fill, channels_first))
        copy.location = op.location
        Rewriter.insert_op(copy, InsertPoint.before(op))
        user.operands[index] = copy.result


def _parameters(op: KernelOp) -> Iterator[tuple[Operation, int, int, bool]]:
    """Operands with numbers for each channel: user, index, fill, whether channels are first."""
    if len(op.operands) > 2:
        yield op, 2, 0, False
    block = op.epilogue_block
    for inner in block.ops if block is not None else ():
        if isinstance(inner, FusedGlueOp):
            fills = GLUE_LEVELS[inner.form.data].FILLS
            for k, fill in zip(range(1, len(inner.operands)), fills, strict=False):
                yield inner, k, fill, len(shape_of(inner.operands[k])) == 2


def split_permutation(op: KernelOp) -> None:
    """Unpacked images of single channels are stored with the channels innermost first.

    %y = lowbit.bitserial_conv .. layout nchw : .. -> tensor<1x8x4x4xi32>
    ->
    %s = lowbit.bitserial_conv .. layout nchw : ..
        -> tensor<1x8x4x4xi32, #lowbit.channels<axis = 1>>
    %y = lowbit.copy %s : (..) -> tensor<1x8x4x4xi32>
    """
    result, type_ = op.results[0], op.results[0].type
    is_nchw = isinstance(op, ConvKernelOp) and op.layout.data == "nchw"
    is_plain = packed_layout(type_) is None and channels_layout(type_) is None
    if not is_nchw or not is_plain:
        return
    assert isinstance(type_, TensorType)
    between = TensorType(type_.element_type, type_.get_shape(), ChannelsAttr.get(1))
    new: SSAValue = Rewriter.replace_value_with_new_type(result, between)
    copy = CopyOp.build_op([new], [type_])
    copy.location = op.location
    Rewriter.insert_op(copy, InsertPoint.after(op))
    for use in list(new.uses):
        if use.operation is not copy:
            use.operation.operands[use.index] = copy.result


@dataclass(frozen=True)
class SplitStagesPass(ModulePass):
    """Make operations of the reordering that kernels need besides their loops."""

    name = "lowbit-split-stages"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Split every kernel."""
        for kernel in [inner for inner in op.walk() if isinstance(inner, KernelOp)]:
            split_parameters(kernel)
            split_permutation(kernel)
