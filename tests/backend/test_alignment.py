"""The alignments in LLVM's dialect: of each argument by its elements, of each access no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from xdsl.dialects import llvm
from xdsl.dialects.builtin import IntegerAttr, ModuleOp
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from lowbit_dialect import llvm_ops
from lowering.targets import get_target
from runtime.build import lower_to_llvm
from runtime.signature import Signature
from tests.differential.elements import functions
from tests.differential.graph import module_of
from tests.sweep import swept


def accesses(function: llvm.FuncOp) -> Iterator[tuple[Operation, SSAValue, int]]:
    """The loads and stores of a function, their pointers and the alignments that they state."""
    for op in function.walk():
        if isinstance(op, llvm.LoadOp | llvm.StoreOp):
            assert op.alignment is not None, op
            yield op, op.ptr, op.alignment.value.data
        elif isinstance(op, llvm_ops.MaskedLoadOp | llvm_ops.MaskedStoreOp):
            yield op, op.data, op.alignment.value.data


def base_of(pointer: SSAValue) -> SSAValue:
    """The argument, global or stack buffer that a pointer is a place in."""
    while isinstance(pointer.owner, llvm.GEPOp):
        pointer = pointer.owner.ptr
    assert isinstance(pointer, BlockArgument) or isinstance(
        pointer.owner, llvm.AllocaOp | llvm.AddressOfOp
    )
    return pointer


def stated_alignments(function: llvm.FuncOp) -> list[int]:
    """Those of the pointers among the arguments."""
    found = []
    for attributes in function.arg_attrs or ():
        align = attributes.data.get("llvm.align")
        if isinstance(align, IntegerAttr):
            found.append(align.value.data)
    return found


def check(function: llvm.FuncOp, signature: Signature) -> int:
    """Hold the alignments of a function against its signature; how many accesses it has."""
    buffers = (*signature.arguments, *signature.results)
    allowed = [*(spec.dtype.itemsize for spec in buffers), 1]
    assert stated_alignments(function) == allowed, function.sym_name.data
    rounded = {op.input for op in function.walk() if isinstance(op, llvm.PtrToIntOp)}
    count = 0
    for op, pointer, alignment in accesses(function):
        base = base_of(pointer)
        count += 1
        if not isinstance(base, BlockArgument):
            assert alignment <= 64, op
            continue
        assert isinstance(base.owner, Block)
        most = allowed[base.index]
        if base.index == len(buffers):
            assert base in rounded, f"{op}: the workspace as the caller gave it"
            most = 8
        assert alignment <= most, op
    return count


@pytest.mark.parametrize("target", ["x86-64-v3", "cortex-a7", *swept("cortex-a53")])
def test_alignments(target: str) -> None:
    for strategy, graph in functions(target):
        module: ModuleOp = module_of(graph)
        (signature,) = lower_to_llvm(module, get_target(target), strategy)
        names = {signature.name, *(name for name, _ in signature.stages)}
        found = [op for op in module.ops if isinstance(op, llvm.FuncOp)]
        assert {op.sym_name.data for op in found} == names
        assert sum(check(function, signature) for function in found) > 10
