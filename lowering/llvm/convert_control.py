"""How functions, calls and branches become LLVM's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from xdsl.dialects import cf, func, llvm
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    IntegerAttr,
    MemRefType,
    NoneAttr,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, Region

from lowbit_dialect.extensions import note_shipped
from lowering.llvm.alignment import checked_alignment
from lowering.llvm.conversion import Conversion
from lowering.llvm.types import memref_layout
from lowering.support.diagnostics import fail
from lowering.targets import Target

_UNIT = UnitAttr()


def _return(state: Conversion, op: func.ReturnOp) -> None:
    if len(op.operands) > 1:
        fail(op, f"a function returns one value at most, got {len(op.operands)}")
    state.append(llvm.ReturnOp.create(operands=state.value_list(op.operands)))


def _call(state: Conversion, op: func.CallOp) -> None:
    if len(op.results) > 1:
        fail(op, f"a function returns one value at most, got {len(op.results)}")
    results = [state.type(result.type) for result in op.results]
    call = llvm.CallOp(
        op.callee, *state.value_list(op.arguments), return_type=results[0] if results else None
    )
    state.replace(op, call)


def _branch(state: Conversion, op: cf.BranchOp) -> None:
    state.append(
        llvm.BrOp.create(
            operands=state.value_list(op.arguments), successors=[state.blocks[op.successor]]
        )
    )


def _cond_branch(state: Conversion, op: cf.ConditionalBranchOp) -> None:
    state.append(
        llvm.CondBrOp(
            state.value(op.cond),
            state.blocks[op.then_block],
            state.value_list(op.then_arguments),
            state.blocks[op.else_block],
            state.value_list(op.else_arguments),
        )
    )


HANDLERS: dict[type[Operation], Callable[[Conversion, Any], None]] = {
    func.ReturnOp: _return,
    func.CallOp: _call,
    cf.BranchOp: _branch,
    cf.ConditionalBranchOp: _cond_branch,
}
note_shipped(HANDLERS)


def _argument_attributes(
    type: Attribute, own: DictionaryAttr, returns_pointer: bool
) -> DictionaryAttr:
    """What holds for a buffer of a kernel: it is there, no other one overlaps it, nobody keeps it.

    A memref with the identity layout may be read wherever its shape says, at any time. What the
    function itself says of the argument comes first.
    """
    if not isinstance(type, MemRefType):
        return own
    layout = memref_layout(type)
    attributes: dict[str, Attribute] = {
        "llvm.noalias": _UNIT,
        "llvm.nonnull": _UNIT,
        "llvm.noundef": _UNIT,
        "llvm.align": IntegerAttr(layout.element_bytes, i64),
    }
    if not returns_pointer:
        attributes["llvm.nocapture"] = _UNIT
    size = layout.element_bytes
    for extent in layout.shape:
        size *= extent
    if isinstance(type.layout, NoneAttr) and size:
        attributes["llvm.dereferenceable"] = IntegerAttr(size, i64)
    return DictionaryAttr(attributes | own.data)


def _reverse_postorder(entry: Block) -> list[Block]:
    """The reachable blocks, every one after the blocks that dominate it, loops before exits."""

    def successors(block: Block) -> Iterator[Block]:
        # The walk finishes the first successor first, so it comes last in the reversed order.
        return iter(block.last_op.successors[::-1] if block.last_op else ())

    order: list[Block] = []
    seen = {entry}
    stack = [(entry, successors(entry))]
    while stack:
        block, rest = stack[-1]
        successor = next((s for s in rest if s not in seen), None)
        if successor is None:
            order.append(block)
            stack.pop()
        else:
            seen.add(successor)
            stack.append((successor, successors(successor)))
    return order[::-1]


def convert_function(
    op: func.FuncOp, target: Target, handlers: dict[type[Operation], Callable[..., None]]
) -> llvm.FuncOp:
    """The LLVM function for `op`, its body converted by `handlers`; operations of LLVM stay.

    Raises:
        OpFailedException: if something in it has no conversion.
    """
    state = Conversion(target, op)
    inputs, outputs = op.function_type.inputs.data, op.function_type.outputs.data
    if len(outputs) > 1:
        fail(op, f"@{op.sym_name.data} returns {len(outputs)} values; expected one at most")
    returns_pointer = any(isinstance(output, MemRefType) for output in outputs)
    function_type = llvm.LLVMFunctionType(
        [state.type(t) for t in inputs], state.type(outputs[0]) if outputs else None
    )
    declared = not op.body.blocks
    private = op.sym_visibility is not None and op.sym_visibility.data == "private"
    body = Region()
    given = list(op.arg_attrs or [DictionaryAttr({})] * len(inputs))
    if not declared:
        order = _reverse_postorder(op.body.blocks[0])
        for block in order:
            new = Block(arg_types=[state.type(t) for t in block.arg_types])
            state.blocks[block] = new
            for before, after in zip(block.args, new.args, strict=True):
                state.values[before] = after
                after.name_hint = before.name_hint
        for argument, attributes in zip(order[0].args, given, strict=True):
            if isinstance(align := attributes.data.get("llvm.align"), IntegerAttr):
                state.alignments[argument] = checked_alignment(op, align)
        for block in order:
            state.start_block(state.blocks[block])
            for old in block.ops:
                state.op = old
                handler = handlers.get(type(old))
                if handler is not None:
                    handler(state, old)
                else:
                    _keep(state, old)
        state.finish_blocks()
        entry = state.blocks[order[0]]
        if state.prologue:
            entry.insert_ops_before(state.prologue, _first(entry))
        body.add_block([state.blocks[block] for block in order])
    return llvm.FuncOp(
        op.sym_name,
        function_type,
        linkage=llvm.LinkageAttr("internal" if private and not declared else "external"),
        body=body,
        other_props={
            "arg_attrs": ArrayAttr(
                _argument_attributes(type, own, returns_pointer)
                for type, own in zip(inputs, given, strict=True)
            )
        }
        if inputs
        else None,
    )


def _first(block: Block) -> Operation:
    first = block.first_op
    assert first is not None, "a block of a function ends in a terminator"
    return first


def _keep(state: Conversion, op: Operation) -> None:
    """Copy an operation that is LLVM's already, with its operands and types converted."""
    if not op.name.startswith("llvm."):
        fail(
            op,
            "nothing lowers it to level llvm: run a pass that does before, in"
            " compile(module, passes=..) or --pipeline",
        )
    if op.regions:
        fail(op, "it has a region; expected operations without one inside of a function")
    state.replace(
        op,
        type(op).create(
            operands=state.value_list(op.operands),
            result_types=[state.type(result.type) for result in op.results],
            properties=op.properties,
            attributes=op.attributes,
            successors=[state.blocks[successor] for successor in op.successors],
        ),
    )
