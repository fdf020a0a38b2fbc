"""How modules of LLVM's dialect are written as LLVM IR.

The text is written straight from the operations, an instruction a line: a second IR in between
would take four times as long as the text itself.
"""

from __future__ import annotations

from xdsl.dialects import llvm
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    IntegerType,
    ModuleOp,
)
from xdsl.ir import Attribute
from xdsl.utils.exceptions import DiagnosticException

from lowering.llvm.emit_operations import CONSTANTS, EMITTERS
from lowering.llvm.function_attributes import function_attributes
from lowering.llvm.llvm_text import bytes_text, quoted
from lowering.llvm.module_text import Text
from lowering.support.diagnostics import fail
from lowering.targets import Target

_FLAGS = {
    "llvm.noalias": "noalias",
    "llvm.nocapture": "captures(none)",
    "llvm.nonnull": "nonnull",
    "llvm.noundef": "noundef",
}
_NUMBERS = {"llvm.align": "align {}", "llvm.dereferenceable": "dereferenceable({})"}


def _emit_global(text: Text, op: llvm.GlobalOp) -> None:
    """A global as the bytes of its elements, which is a tenth of the text of a list of numbers.

    An external one without a value is of another module, as in MLIR.
    """
    value = op.value
    if value is not None and not isinstance(value, DenseIntOrFPElementsAttr):
        raise DiagnosticException(
            f"the global @{op.sym_name.data} has the value {value}: expected dense elements"
        )
    size = _bytes_of(op.global_type)
    kind = "constant" if op.constant is not None else "global"
    if value is None and op.linkage.linkage.data == "external":
        words = f"external {kind} [{size} x i8]"
    else:
        data = value.data.data if value is not None else b""
        content = bytes_text(data * (size // max(len(data), 1)))
        words = f"{_linkage(op)} {kind} [{size} x i8] {content}"
    alignment = f", align {op.alignment.value.data}" if op.alignment is not None else ""
    text.lines.append(f"@{quoted(op.sym_name.data)} = {words}{alignment}")


def _linkage(op: llvm.GlobalOp | llvm.FuncOp) -> str:
    """The linkage of a definition; LLVM writes `external` for declarations only."""
    linkage = op.linkage.linkage.data
    return "" if linkage == "external" else linkage


def _bytes_of(type: Attribute) -> int:
    """Bytes of an array of integers or floats, as `lowbit-to-llvm` makes them."""
    if isinstance(type, llvm.LLVMArrayType):
        return type.size.data * _bytes_of(type.type)
    if isinstance(type, IntegerType):
        return type.width.data // 8
    return type.bitwidth // 8  # type: ignore[attr-defined]


def _arguments(text: Text, op: llvm.FuncOp) -> str:
    """The types of the arguments and what holds for them, with their names in a definition."""
    parts: list[str] = []
    attributes = list(op.arg_attrs or ())
    for number, type in enumerate(op.function_type.inputs):
        words = [text.type(type)]
        for name, value in attributes[number].data.items() if attributes else ():
            if name in _FLAGS:
                words.append(_FLAGS[name])
            elif name in _NUMBERS and isinstance(value, IntegerAttr):
                words.append(_NUMBERS[name].format(value.value.data))
        if op.body.blocks:
            words.append(text.names[op.body.blocks[0].args[number]])
        parts.append(" ".join(words))
    if op.function_type.is_variadic:
        parts.append("...")
    return ", ".join(parts)


def _head(text: Text, op: llvm.FuncOp) -> str:
    """What a definition and a declaration have in common."""
    result = text.type(op.function_type.output)
    return f"{result} @{quoted(op.sym_name.data)}({_arguments(text, op)})"


def _name_values(text: Text, op: llvm.FuncOp) -> None:
    """Give numbers to values in the order of their instructions; constants are their text."""
    text.names, text.labels, text.incoming = {}, {}, {}
    number = 0
    for index, block in enumerate(op.body.blocks):
        text.labels[block] = f"%b{index}"
        for argument in block.args:
            text.names[argument] = f"%{number}"
            number += 1
        for inner in block.ops:
            constant = CONSTANTS.get(type(inner))
            if constant is not None:
                text.names[inner.results[0]] = constant(inner)
            elif inner.results:
                text.names[inner.results[0]] = f"%{number}"
                number += 1


def _emit_function(text: Text, op: llvm.FuncOp) -> None:
    _name_values(text, op)
    lines = text.lines
    if not op.body.blocks:
        lines.append(f"declare {_head(text, op)}")
        return
    linkage = _linkage(op)
    words = f"{linkage} " if linkage else ""
    lines.append(f"define {words}{_head(text, op)} {function_attributes(op)} {{")
    places: dict[int, int] = {}
    for index, block in enumerate(op.body.blocks):
        text.block = text.labels[block]
        lines.append(f"{text.block[1:]}:")
        if index:
            places[index] = len(lines)
            lines.extend("" for _ in block.args)
        for inner in block.ops:
            emit = EMITTERS.get(type(inner))
            if emit is not None:
                emit(text, inner)
            elif type(inner) not in CONSTANTS:
                fail(inner, "it has no form in LLVM IR")
    # What the arguments of a block can be is known when all branches to it are written.
    for index, block in enumerate(op.body.blocks):
        for place, argument in enumerate(block.args if index else (), places.get(index, 0)):
            values = ", ".join(text.incoming.get(argument, ()))
            lines[place] = f"  {text.names[argument]} = phi {text.type(argument.type)} {values}"
    lines.append("}")


def emit_module(module: ModuleOp, target: Target) -> str:
    """The text of LLVM IR for a module that `verify_llvm_module` accepts."""
    text = Text()
    text.lines.append(f"target triple = {quoted(target.triple)}")
    for op in module.body.block.ops:
        if isinstance(op, llvm.GlobalOp):
            _emit_global(text, op)
        elif isinstance(op, llvm.FuncOp):
            _emit_function(text, op)
    return "\n".join((*text.lines, *text.declared.values(), ""))
