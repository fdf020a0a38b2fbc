"""The rules for branches, calls and addresses of symbols."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects import llvm
from xdsl.ir import Block, Operation, SSAValue

from lowbit_dialect.extensions import note_shipped
from lowering.llvm.verify.state import Rule, State
from lowering.llvm.verify.types import Kind
from lowering.support.diagnostics import fail


def _leave(state: State, op: Operation, to: Block, values: Iterable[SSAValue]) -> None:
    function = state.function
    if function is None or to.parent is not function.body:
        fail(op, "it branches out of its function")
    if to is function.body.blocks[0]:
        fail(op, "nothing branches to the entry block of a function")
    given = [state.value(op, value).type for value in values]
    if given != list(to.arg_types):
        fail(op, f"the block takes {_list(to.arg_types)}, got {_list(given)}")


def _list(types: Iterable[object]) -> str:
    return ", ".join(map(str, types)) or "nothing"


def _branch(state: State, op: llvm.BrOp) -> bool:
    _leave(state, op, op.successor, op.arguments)
    return True


def _branch_if(state: State, op: llvm.CondBrOp) -> bool:
    condition = state.value(op, op.cond, Kind.INTEGER)
    if condition.bits != 1 or condition.lanes:
        fail(op, f"expected a condition of type i1, got {op.cond.type}")
    _leave(state, op, op.then_block, op.then_arguments)
    _leave(state, op, op.else_block, op.else_arguments)
    return True


def _return(state: State, op: llvm.ReturnOp) -> bool:
    assert state.function is not None
    output = state.facts(op, state.function.function_type.output)
    expected = [] if output.kind is Kind.VOID else [output]
    given = [state.value(op, value) for value in op.operands]
    if given != expected:
        fail(op, f"the function returns {output.type}, got {_list(v.type for v in op.operands)}")
    return True


def _unreachable(state: State, op: llvm.UnreachableOp) -> bool:
    return True


def _call(state: State, op: llvm.CallOp) -> bool:
    if op.callee is None or op.callee.nested_references.data:
        fail(op, "expected a call of a function by its name")
    if op.CConv.cconv_name != "ccc":
        fail(op, f"expected the calling convention ccc, got {op.CConv.cconv_name}")
    name = op.callee.root_reference.data
    callee = state.symbols.get(name)
    if not isinstance(callee, llvm.FuncOp):
        fail(op, f"the module has no function @{name}")
    type = callee.function_type
    wanted = [state.facts(op, input) for input in type.inputs]
    given = [state.value(op, value) for value in op.args]
    if given[: len(wanted)] != wanted or (len(given) > len(wanted) and not type.is_variadic):
        fail(op, f"@{name} takes {_list(type.inputs)}, got {_list(v.type for v in op.args)}")
    output = state.facts(op, type.output)
    result = [state.value(op, value) for value in op.results]
    if result != ([] if output.kind is Kind.VOID else [output]):
        fail(op, f"@{name} returns {output.type}, not {_list(v.type for v in op.results)}")
    return all(facts.known for facts in (*given, *result)) and not type.is_variadic


def _address_of(state: State, op: llvm.AddressOfOp) -> bool:
    state.value(op, op.result, Kind.POINTER)
    name = op.global_name.root_reference.data
    if op.global_name.nested_references.data or name not in state.symbols:
        fail(op, f"the module has no global or function @{name}")
    return True


def _inline_assembly(state: State, op: llvm.InlineAsmOp) -> bool:
    for value in (*op.operands, *op.results):
        state.value(op, value)
    return False


RULES: dict[type[Operation], Rule] = {
    llvm.BrOp: _branch,
    llvm.CondBrOp: _branch_if,
    llvm.ReturnOp: _return,
    llvm.UnreachableOp: _unreachable,
    llvm.CallOp: _call,
    llvm.AddressOfOp: _address_of,
    llvm.InlineAsmOp: _inline_assembly,
}
"""Every operation that goes elsewhere, or names a symbol."""
note_shipped(RULES)
