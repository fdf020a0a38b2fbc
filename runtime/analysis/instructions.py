"""Kinds of instructions, as far as the cost of a kernel depends on them.

An architecture (`lowering/targets/arch`) gives the kind of a vector instruction by the
beginning of its mnemonic; the longest one counts. What moves between memory and registers is told
by its operands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from lowering.targets.arch import ARCHITECTURES
from lowering.targets.arch.architecture import InstructionSyntax
from runtime.analysis.assembly import Instruction

VECTOR_KINDS = (
    *("popcount", "logic", "add", "shift", "shuffle", "multiply", "compare", "other vector"),
)
"""Kinds that run in the vector units."""

KINDS = (*VECTOR_KINDS, "move", "load", "store", "scalar", "branch")
"""All kinds. An operation with an operand in memory is of its own kind, and a load besides."""


def _by_prefix(table: Mapping[str, str]) -> dict[str, str]:
    return {prefix: kind for kind, prefixes in table.items() for prefix in prefixes.split()}


@dataclass(frozen=True)
class InstructionKinds:
    """Tells the kinds of instructions by how an architecture writes them."""

    syntax: InstructionSyntax
    kinds: dict[str, str]
    vector: re.Pattern[str]
    memory: re.Pattern[str]
    branch: re.Pattern[str]

    @staticmethod
    def of(syntax: InstructionSyntax) -> InstructionKinds:
        """The kinds for a syntax."""
        patterns = map(re.compile, (syntax.vector, syntax.memory, syntax.branch))
        return InstructionKinds(syntax, _by_prefix(syntax.kinds), *patterns)

    def is_vector(self, instruction: Instruction) -> bool:
        """Whether it uses vector registers."""
        if self.syntax.vector_by_mnemonic:
            return bool(self.vector.match(instruction.mnemonic))
        return any(self.vector.search(operand) for operand in instruction.operands)

    def kind(self, instruction: Instruction) -> str:
        """The kind of an instruction, one of `KINDS`."""
        if self.branch.match(instruction.mnemonic):
            return "branch"
        vector = self.is_vector(instruction)
        kind = self._table_kind(instruction.mnemonic) if vector else "scalar"
        if self.loads(instruction) and (kind == "move" or not self.syntax.has_memory_operands):
            return "load"
        if self.loads(instruction) and kind == "shuffle" and "broadcast" in instruction.mnemonic:
            return "load"
        if self.loads(instruction) and not vector and instruction.mnemonic.startswith("mov"):
            return "load"
        return "store" if self.stores(instruction) else kind

    def loads(self, instruction: Instruction) -> bool:
        """Whether it reads memory."""
        name, operands = instruction.mnemonic, instruction.operands
        if not self.syntax.has_memory_operands:
            return name.startswith(self.syntax.loads)
        if name.startswith(("lea", "nop", "prefetch")):
            return False
        sources = operands if name.startswith(("cmp", "test", "bt")) else operands[:-1]
        return any(self.memory.search(operand) for operand in sources)

    def stores(self, instruction: Instruction) -> bool:
        """Whether it writes memory."""
        name, operands = instruction.mnemonic, instruction.operands
        if not self.syntax.has_memory_operands:
            return name.startswith(self.syntax.stores)
        if name.startswith(("lea", "nop", "cmp", "test", "bt", "prefetch")) or len(operands) < 2:
            return False
        return bool(self.memory.search(operands[-1]))

    def _table_kind(self, mnemonic: str) -> str:
        name = mnemonic.removeprefix("v")
        known = [prefix for prefix in self.kinds if name.startswith(prefix)]
        return self.kinds[max(known, key=len)] if known else "other vector"


@cache
def kinds_of(arch: str) -> InstructionKinds:
    """The kinds of the instructions of an architecture."""
    return InstructionKinds.of(ARCHITECTURES[arch].instructions)


@dataclass(frozen=True)
class Mix:
    """How many instructions there are of each kind, and how many of them read and write memory."""

    kinds: Counter[str]
    loads: int
    stores: int

    @property
    def total(self) -> int:
        """All instructions."""
        return self.kinds.total()

    @property
    def vector(self) -> int:
        """Those that need a vector unit."""
        return sum(self.kinds[kind] for kind in VECTOR_KINDS)

    def __str__(self) -> str:
        return ", ".join(f"{self.kinds[kind]} {kind}" for kind in KINDS if self.kinds[kind])


def mix_of(instructions: Iterable[Instruction], arch: str) -> Mix:
    """The mix of some instructions of an architecture."""
    table, listed = kinds_of(arch), list(instructions)
    return Mix(
        Counter(table.kind(i) for i in listed),
        sum(table.loads(i) for i in listed),
        sum(table.stores(i) for i in listed),
    )


@dataclass(frozen=True)
class Spills:
    """Vector registers written to the stack for want of registers, and read back."""

    stores: int
    reloads: int

    def __str__(self) -> str:
        return f"{self.stores}/{self.reloads}" if self.stores or self.reloads else "0"


_FULL_REGISTER_BYTES = 16
"""Callee-saved halves of registers, saved around every function, are smaller."""


def spills_of(instructions: Iterable[Instruction], arch: str) -> Spills:
    """The vector spills among some instructions."""
    table = kinds_of(arch)
    vectors = [i for i in instructions if (i.spill or i.reload) and table.is_vector(i)]
    return Spills(
        sum(i.spill >= _FULL_REGISTER_BYTES for i in vectors),
        sum(i.reload >= _FULL_REGISTER_BYTES for i in vectors),
    )
