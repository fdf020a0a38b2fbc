"""The examples of the operations' reference, printed from examples/ops.mlir."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from io import StringIO
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, TensorType, VectorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import (
    Attribute,
    Operation,
    ParametrizedAttribute,
)
from xdsl.parser import Parser
from xdsl.printer import Printer

from docs.ir_text import page
from lowering.universe import register_dialects

DOCS = Path(__file__).parent
MOST_EXAMPLES = 2
"""Examples of an operation."""


@cache
def example_ops() -> dict[type[Operation], list[Operation]]:
    """The operations of the example file by class, in the order of the file."""
    file = DOCS / "examples" / "ops.mlir"
    found: dict[type[Operation], list[Operation]] = {}
    context = Context()
    register_dialects(context)
    module = Parser(context, file.read_text(), file.name).parse_module()
    module.verify()
    for op in module.walk():
        if not isinstance(op, ModuleOp | FuncOp):
            found.setdefault(type(op), []).append(op)
    return found


def examples_of(op: type[Operation]) -> list[Operation]:
    """The operations to show: those in functions rather than those inside another operation.

    Raises:
        ValueError: there is none.
    """
    found = example_ops().get(op, [])
    if not found:
        raise ValueError(f"docs/examples/ops.mlir has no {op.name}: add an example of it")
    whole = [o for o in found if isinstance(o.parent_op(), FuncOp)]
    return (whole or found)[:MOST_EXAMPLES]


def example_attribute(attribute: type[Attribute]) -> Attribute:
    """The first occurrence of a type or attribute in the example file.

    Raises:
        ValueError: there is none.
    """
    for ops in example_ops().values():
        for op in ops:
            types = [*op.operand_types, *op.result_types, *op.properties.values()]
            for held in (h for type_ in types for h in _held(type_)):
                if isinstance(held, attribute):
                    return held
    raise ValueError(f"docs/examples/ops.mlir has no {attribute.name}: add an example of it")


def _held(attribute: Attribute) -> Iterator[Attribute]:
    yield attribute
    parts: Sequence[Attribute] = ()
    if isinstance(attribute, TensorType | VectorType):
        parts = (attribute.element_type, getattr(attribute, "encoding", attribute.element_type))
    elif isinstance(attribute, ArrayAttr):
        parts = attribute.data
    elif isinstance(attribute, ParametrizedAttribute):
        parts = attribute.parameters
    for part in parts:
        yield from _held(part)


def _printed(op: Operation) -> str:
    out = StringIO()
    Printer(out).print_op(op)
    return page(out.getvalue().strip())
