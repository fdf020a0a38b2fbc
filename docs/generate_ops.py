"""Write `ops.md`, the reference of operations, types and attributes, from the code.

    python -m docs.generate_ops            rewrite the page
    python -m docs.generate_ops --check    only say whether it is out of date, and fail if so

Text comes from docstrings, tables from the definitions, examples from `examples/ops.mlir`, which
is parsed and verified here, so an operation without an example there is an error.
"""

from __future__ import annotations

import inspect
import sys
from io import StringIO
from pathlib import Path

from xdsl.dialects.builtin import VectorType
from xdsl.ir import (
    Attribute,
    Data,
    Dialect,
    Operation,
    SSAValue,
    TypeAttribute,
)
from xdsl.irdl import (
    IRDLOperation,
    OptOperandDef,
    OptPropertyDef,
    OptResultDef,
    VarConstraint,
    VarOperandDef,
    VarResultDef,
)
from xdsl.printer import Printer

from docs.docstrings import first_sentence, markdown
from docs.ops_examples import _printed, example_attribute, example_ops, examples_of
from lowbit_dialect import llvm_ops
from lowbit_dialect.lowbit import Lowbit
from lowbit_dialect.ops.base import ATTRIBUTE, FLAG, FLOATS, INT, INTS, WORD, Clause, LowbitOp
from lowbit_dialect.qonnx import Qonnx
from lowbit_dialect.simd import Simd

DOCS = Path(__file__).parent
PAGE = DOCS / "ops.md"
MOST_EXAMPLES = 2

SECTIONS: tuple[tuple[str, str, Dialect], ...] = (
    ("The `lowbit` dialect", "What is computed, with which kernel, and its register tile.", Lowbit),
    (
        "The `qonnx` dialect",
        "A model of ONNX or QONNX, node by node, as the importer reads it.",
        Qonnx,
    ),
    (
        "The `simd` dialect",
        "Operations on vectors of a power of two of lanes. Integer lanes are signless and wrap."
        " `simd-lower` rewrites them for a target.",
        Simd,
    ),
    (
        "Operations of the `llvm` dialect",
        "What xDSL's `llvm` dialect lacks, or has for scalars or floats only. Names and syntax are"
        " MLIR's. `simd-lower` and `lowbit-to-llvm` make them.",
        Dialect("llvm", list(llvm_ops.OPERATIONS)),
    ),
)

LEVELS = {
    "qonnx": "above 1, models",
    "contraction": "1, tensors",
    "elementwise": "1, tensors",
    "floats": "1, tensors",
    "activations": "1, tensors",
    "binary": "1, tensors",
    "float_contraction": "1, tensors",
    "reduce": "1, tensors",
    "move": "1, tensors",
    "resize": "1, tensors",
    "glue": "1 and 2, tensors",
    "pool": "1 and 2, tensors",
    "reshape": "1 and 2, tensors",
    "cast": "1 and 2, tensors",
    "sort_key": "1 and 2, tensors",
    "concat": "1 and 2, tensors",
    "pack": "1 and 2, tensors",
    "kernel": "2, kernels",
    "bitserial": "2, kernels",
    "dot": "2, kernels",
    "lut": "2, kernels",
    "product_lut": "2, kernels",
    "correction": "2, kernels",
    "copy": "2, kernels",
    "compute": "3, stages",
    "tile": "4, loops",
    "dot_tile": "4, loops",
    "lut_tile": "4, loops",
    "product_lut_tile": "4, loops",
    "simd": "4 and 5, loops and vectors",
    "llvm_casts": "5 and 6, vectors and LLVM",
    "llvm_ops": "5 and 6, vectors and LLVM",
}
"""Level of the operations of each file of `lowbit_dialect`, in the order of the page."""

KINDS = {
    INTS: "integers, `[..]`",
    FLOATS: "f32 numbers, `[..]`",
    INT: "integer",
    WORD: "word",
    ATTRIBUTE: "attribute",
    FLAG: "no value",
}

INTRODUCTION = """\
# Operations, types and attributes

Made by `python -m docs.generate_ops` from the code and from
[examples/ops.mlir](examples/ops.mlir); do not edit by hand.

An operation of the `lowbit` dialect is written

    %result = lowbit.name %operand, %operand clause value clause value : (type, type) -> type

A *clause* is a property: its name, then its value. It is left out where it has its default. In the
generic form (`lowbit-opt --print-op-generic`) every clause is a property of that name.
"""


def _kind(type_: Attribute) -> str:
    """What a type is, in a word or two."""
    if isinstance(type_, VectorType):
        return "mask" if str(type_.element_type) == "i1" else "vector"
    name = type_.name.rpartition(".")[2].removesuffix("_type")
    return {"ptr": "pointer", "integer": "integer"}.get(name, name)


def _values_table(op: type[IRDLOperation]) -> str:
    """Operands and results, with the kinds of types that the examples give them."""
    definition = op.get_irdl_definition()
    rows = []
    for role, defs in (("operand", definition.operands), ("result", definition.results)):
        for name, one in defs:
            kind = _kind(_example_value(op, name).type)
            if isinstance(one, OptOperandDef | OptResultDef):
                kind = f"{kind}, optional"
            elif isinstance(one, VarOperandDef | VarResultDef):
                kind = f"any number, {kind}"
            elif _is_variable(one.constr):
                kind = f"{kind}, of one type T"
            rows.append(f"| {role} `{name}` | {kind} |")
    return "\n".join(["| | |", "|---|---|", *rows])


def _example_value(op: type[IRDLOperation], name: str) -> SSAValue:
    """An operand or result of that name in the examples.

    Raises:
        ValueError: no example has it.
    """
    for example in example_ops()[op]:
        value = getattr(example, name)
        if isinstance(value, SSAValue):
            return value
        if value:
            return value[0]
    raise ValueError(f"no {op.name} in docs/examples/ops.mlir has {name}: add an example")


def _is_variable(constraint: object) -> bool:
    """Whether operands with this constraint must all have the same type."""
    inner = getattr(constraint, "constraint", constraint)
    return isinstance(getattr(inner, "constr", inner), VarConstraint)


def _default(op: type[LowbitOp], clause: Clause) -> str:
    if clause.default is not None:
        out = StringIO()
        clause.kind.print(Printer(out), clause.default)
        return f"`{out.getvalue()}`"
    if clause.derived:
        return clause.derived
    if isinstance(op.get_irdl_definition().properties[clause.name], OptPropertyDef):
        return "none"
    example = examples_of(op)[0]
    others: dict[str, Attribute] = {
        name: value for name, value in example.properties.items() if name != clause.name
    }
    value = op.build_op([], example.result_types, (), **others).properties.get(clause.name)
    return next((f"that of `{n}`" for n, v in others.items() if v == value), "must be given")


def _clauses_table(op: type[LowbitOp]) -> str:
    rows = [f"| `{c.name}` | {KINDS[c.kind]} | {_default(op, c)} |" for c in op.CLAUSES]
    return "\n".join(["| clause | value | where not given |", "|---|---|---|", *rows])


def operation_entry(op: type[IRDLOperation]) -> str:
    """The entry of an operation."""
    text = inspect.getdoc(op) or ""
    parts = [f"### `{op.name}`", f"Level {level_of(op)}.", markdown(text)]
    for base in op.__mro__[1:]:
        if base in (LowbitOp, IRDLOperation):
            break
        _, _, more = (base.__doc__ or "").partition("\n\n")
        parts += [markdown(more)] if more else []
    parts.append(_values_table(op))
    if issubclass(op, LowbitOp) and op.CLAUSES:
        parts.append(_clauses_table(op))
    shown = "\n".join(_printed(example) for example in examples_of(op))
    parts.append(f"```mlir\n{shown}\n```")
    return "\n\n".join(parts)


def attribute_entry(attribute: type[Attribute]) -> str:
    """The entry of a type or attribute."""
    sigil = "!" if issubclass(attribute, TypeAttribute) else "#"
    parts = [f"### `{sigil}{attribute.name}`", markdown(attribute.__doc__ or "")]
    if not issubclass(attribute, Data):
        out = StringIO()
        Printer(out).print_attribute(example_attribute(attribute))
        parts.append(f"```mlir\n{out.getvalue()}\n```")
    return "\n\n".join(parts)


def _anchor(title: str) -> str:
    return "".join(c for c in title.lower() if c.isalnum() or c in " -_").replace(" ", "-")


def _file(op: type[Operation]) -> str:
    """The key of LEVELS: the file of an operation, or its folder where that is one dialect's."""
    parts = op.__module__.split(".")
    return "simd" if "simd" in parts else parts[-1]


def level_of(op: type[Operation]) -> str:
    """The level that an operation belongs to.

    Raises:
        ValueError: its file is not in the table of levels.
    """
    file = _file(op)
    if file not in LEVELS:
        raise ValueError(f"{op.name} is in {op.__module__}: add that file to LEVELS in {__file__}")
    return LEVELS[file]


def _order(op: type[Operation]) -> tuple[int, str, int]:
    """Operations in the order of their files, and there as they are written."""
    level_of(op)
    return list(LEVELS).index(_file(op)), op.__module__, inspect.getsourcelines(op)[1]


def render() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "## Index\n"]
    index = ["| | level | |", "|---|---|---|"]
    body = []
    for title, about, dialect in SECTIONS:
        operations = sorted(dialect.operations, key=_order)
        attributes = [a for a in dialect.attributes if not _is_enumeration(a)]
        body.append(f"## {title}\n\n{about}")
        for attribute in attributes:
            sigil = "!" if issubclass(attribute, TypeAttribute) else "#"
            name = f"{sigil}{attribute.name}"
            index.append(f"| [`{name}`](#{_anchor(name)}) | | {first_sentence(_doc(attribute))} |")
            body.append(attribute_entry(attribute))
        for op in operations:
            link, level = f"[`{op.name}`](#{_anchor(op.name)})", level_of(op).partition(",")[0]
            index.append(f"| {link} | {level} | {first_sentence(_doc(op))} |")
            body.append(operation_entry(op))  # pyright: ignore[reportArgumentType]
    return "\n".join([*parts, *index]) + "\n\n" + "\n\n".join(body) + "\n"


def _doc(definition: type) -> str:
    return inspect.getdoc(definition) or ""


def _is_enumeration(attribute: type[Attribute]) -> bool:
    """Whether the attribute is a word out of a list, shown with the operation that takes it."""
    return issubclass(attribute, Data)


def main(check: bool) -> int:
    """Rewrite or check the page; the exit code."""
    new = render()
    if PAGE.exists() and PAGE.read_text() == new:
        return 0
    if check:
        print("ops.md is out of date: run python -m docs.generate_ops")
        return 1
    PAGE.write_text(new)
    print("rewritten: ops.md")
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
