"""What holds for all functions of a kernel, as properties of `llvm.func` and in LLVM IR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xdsl.dialects import llvm
from xdsl.dialects.builtin import ArrayAttr, StringAttr, UnitAttr
from xdsl.ir import Attribute

from lowering.llvm.llvm_text import quoted
from lowering.support.diagnostics import fail

_NO_BUILTINS = StringAttr("no-builtins")

KERNEL_PROPERTIES: Mapping[str, Attribute] = {
    "no_unwind": UnitAttr(),
    # A stage is code of its own for threads to call; a copy of it in its caller saves nothing.
    "no_inline": UnitAttr(),
    "frame_pointer": llvm.FramePointerKindAttr(llvm.FramePointerKind.NONE),
    # Loops that look like memset or memcpy stay loops: a kernel has to link without a libc.
    "passthrough": ArrayAttr([_NO_BUILTINS]),
}
"""Properties of every function that is defined for a kernel."""

_FLAGS = {"no_unwind": "nounwind", "no_inline": "noinline"}


def add_kernel_properties(op: llvm.FuncOp) -> None:
    """Give a definition the properties of a kernel, where it does not have its own."""
    for name, value in KERNEL_PROPERTIES.items():
        if name not in op.attributes:
            op.properties.setdefault(name, value)


def function_attributes(op: llvm.FuncOp) -> str:
    """The attributes of a function, as they stand in LLVM IR.

    Raises:
        OpFailedException: one that is passed through is not known to be safe.
    """
    # xDSL's parser puts what the custom form lists into the attributes.
    given = {**op.attributes, **op.properties}
    words = [word for name, word in _FLAGS.items() if name in given]
    frame_pointer = given.get("frame_pointer")
    if isinstance(frame_pointer, llvm.FramePointerKindAttr):
        words.append(f'"frame-pointer"={quoted(frame_pointer.data.value)}')
    words += _passed_through(op, given.get("passthrough"))
    return " ".join(words)


def _passed_through(op: llvm.FuncOp, entries: Attribute | None) -> Iterator[str]:
    for entry in entries if isinstance(entries, ArrayAttr) else ():
        # LLVM ends the process at some of the others.
        if entry != _NO_BUILTINS:
            fail(op, f"expected {_NO_BUILTINS} in passthrough, got {entry}")
        yield quoted(_NO_BUILTINS.data)
