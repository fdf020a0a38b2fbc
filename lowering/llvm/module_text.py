"""The text of a module of LLVM IR, while it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.ir import Attribute, Block, Operation, SSAValue

from lowering.llvm.llvm_text import quoted, type_text


class Text:
    """The text of a module while it is written: its lines, and the names of its values."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[SSAValue, str] = {}
        """Of values in the function being written; constants are their text."""
        self.labels: dict[Block, str] = {}
        self.incoming: dict[SSAValue, list[str]] = {}
        """By argument of a block: the values and the blocks they come from."""
        self.block = ""
        """The label of the block being written."""
        self.declared: dict[str, str] = {}
        """Intrinsics that are called, and their declarations."""
        self._types: dict[int, tuple[Attribute, str]] = {}

    def type(self, type: Attribute) -> str:
        """The text of a type. Types are found by identity: to hash one takes longer than this."""
        known = self._types.get(id(type))
        if known is None:
            known = self._types[id(type)] = type, type_text(type)
        return known[1]

    def typed(self, value: SSAValue) -> str:
        """A value after its type."""
        return f"{self.type(value.type)} {self.names[value]}"

    def typed_list(self, values: Iterable[SSAValue]) -> str:
        """Values after their types."""
        return ", ".join(map(self.typed, values))

    def write(self, op: Operation, instruction: str) -> None:
        """An instruction that gives the result of `op`, or none where it has none."""
        results = op.results
        self.lines.append(
            f"  {self.names[results[0]]} = {instruction}" if results else f"  {instruction}"
        )

    def call(
        self, op: Operation, name: str, values: Sequence[SSAValue], align: int = -1, at: int = 0
    ) -> None:
        """A call of an intrinsic, whose argument `at` may be a pointer of known alignment."""
        result = self.type(op.results[0].type) if op.results else "void"
        arguments = [self.typed(value) for value in values]
        if name not in self.declared:
            types = ", ".join(self.type(value.type) for value in values)
            self.declared[name] = f"declare {result} @{quoted(name)}({types})"
        if align > 0:
            arguments[at] = f"ptr align {align} {self.names[values[at]]}"
        self.write(op, f"call {result} @{quoted(name)}({', '.join(arguments)})")
