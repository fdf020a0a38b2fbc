"""The workspace of a stage, rounded up to the alignment of its slots.

    %slots = memref.view %workspace[%offset][] : memref<255xi8> to memref<64xi32>
->
    %address = memref.extract_aligned_pointer_as_index %workspace : memref<255xi8> -> index
    %beyond = arith.andi %address, %c63 : index
    %missing = arith.subi %c64, %beyond : index
    %skipped = arith.andi %missing, %c63 : index
    %rounded = memref.view %workspace[%skipped][] : memref<255xi8> to memref<192xi8>
    %aligned = memref.assume_alignment %rounded, 64 : memref<192xi8>
    %slots = memref.view %aligned[%offset][] : memref<192xi8> to memref<64xi32>

Every stage does so for itself, because a caller may run the stages one by one. So does
a function of memrefs that allocates memory.
"""

from __future__ import annotations

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import IndexType, IntegerAttr, LocationAttr, MemRefType, i8
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

ALIGNMENT = 64
"""Bytes that the slots of a workspace are aligned to: a cache line, the widest vector."""

_INDEX = IndexType()


def align_workspace(workspace: SSAValue, slot_bytes: int, location: LocationAttr) -> None:
    """Replace a workspace, an argument of a block, by its aligned part where it is used.

    What computes that part gets a location.
    """
    uses = list(workspace.uses)
    if not uses:
        return
    block = workspace.owner
    assert isinstance(block, Block), "the workspace is an argument"
    whole = arith.ConstantOp(IntegerAttr(ALIGNMENT, _INDEX))
    mask = arith.ConstantOp(IntegerAttr(ALIGNMENT - 1, _INDEX))
    address = memref.ExtractAlignedPointerAsIndexOp.get(workspace)
    # Index arithmetic must not wrap, so the address itself is not negated.
    beyond = arith.AndIOp(address.aligned_pointer, mask)
    missing = arith.SubiOp(whole, beyond)
    skipped = arith.AndIOp(missing, mask)
    rounded = memref.ViewOp(workspace, skipped, [], MemRefType(i8, [slot_bytes]))
    aligned = memref.AssumeAlignmentOp(rounded, ALIGNMENT)
    new: list[Operation] = [whole, mask, address, beyond, missing, skipped, rounded, aligned]
    for op in new:
        op.location = location
    Rewriter.insert_op(new, InsertPoint.at_start(block))
    for use in uses:
        use.operation.operands[use.index] = aligned.result
