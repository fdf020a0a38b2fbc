"""Alignments that IR states."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation

from lowering.support.diagnostics import fail

MAX_ALIGNMENT = 1 << 32
"""Bytes, the largest alignment that LLVM knows."""


def checked_alignment(op: Operation, alignment: IntegerAttr) -> int:
    """The bytes of an attribute that is an alignment.

    Raises:
        OpFailedException: it is one that LLVM does not know.
    """
    count = alignment.value.data
    if not 0 < count <= MAX_ALIGNMENT or count & (count - 1):
        fail(op, f"an alignment is a power of two up to {MAX_ALIGNMENT}, got {count}")
    return count
