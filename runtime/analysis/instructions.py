"""Kinds of instructions, as far as the cost of a kernel depends on them.

A table for each architecture gives the kind of a vector instruction by the beginning of its
mnemonic; the longest one counts. What moves between memory and registers is told by its operands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from runtime.analysis.assembly import Instruction

VECTOR_KINDS = (
    *("popcount", "logic", "add", "shift", "shuffle", "multiply", "compare", "other vector"),
)
"""Kinds that run in the vector units."""

KINDS = (*VECTOR_KINDS, "move", "load", "store", "scalar", "branch")
"""All kinds. An operation with an operand in memory is of its own kind, and a load besides."""

_X86 = {
    "popcount": "popcnt",
    "logic": "pand por pxor pternlog and or xor andn",
    "add": "padd psub add sub phadd psadbw",
    "shift": "psll psrl psra prol pror pshld pshrd",
    "shuffle": "pshuf perm pblend blend punpck pack palign gf2p8 pmultishift broadcast pbroadcast"
    " shuf insert extract pinsr pextr unpck pmovzx pmovsx valign expand compress pexpand pcompress",
    "multiply": "pmadd pmul pdp mul fmadd fnmadd",
    "compare": "pcmp ptest cmp pmovmsk movmsk pmax pmin max min pmovb2m pmovd2m pmovw2m pmovq2m",
    "move": "mov pmov",
}

_AARCH64 = {
    "popcount": "cnt",
    "logic": "and orr eor bic orn bsl bit bif mvn not",
    "add": "add sub uadd sadd uqadd sqadd uadalp sadalp uaddlp saddlp neg",
    "shift": "shl ushr sshr ushl sshl usra ssra shrn sli sri rshrn",
    "shuffle": "tbl tbx zip uzp trn ext dup ins rev xtn uxtl sxtl ushll sshll movi mvni umov smov",
    "multiply": "mul mla mls smlal umlal smull umull udot sdot fmul fmla",
    "compare": "cm fcm smax smin umax umin",
    "move": "mov fmov",
}

_ARM = {
    "popcount": "cnt",
    "logic": "and orr eor bic orn bsl bit bif mvn",
    "add": "add sub padd padal addl addw neg",
    "shift": "shl shr sra sli sri shrn rshrn",
    "shuffle": "tbl tbx zip uzp trn ext dup rev swp movl movn",
    "multiply": "mul mla mls mlal mull fma",
    "compare": "ceq cge cgt cle clt tst max min cmp",
    "move": "mov",
}


def _by_prefix(table: dict[str, str]) -> dict[str, str]:
    return {prefix: kind for kind, prefixes in table.items() for prefix in prefixes.split()}


@dataclass(frozen=True)
class Architecture:
    """How the instructions of an architecture are written.

    `vector` matches the operands (or, with ARM, the mnemonics) of vector instructions, `memory` an
    operand in memory.
    """

    kinds: dict[str, str]
    vector: re.Pattern[str]
    memory: re.Pattern[str]
    branch: re.Pattern[str]
    has_memory_operands: bool = False
    vector_by_mnemonic: bool = False

    def is_vector(self, instruction: Instruction) -> bool:
        """Whether it uses vector registers."""
        if self.vector_by_mnemonic:
            return bool(self.vector.match(instruction.mnemonic))
        return any(self.vector.search(operand) for operand in instruction.operands)

    def kind(self, instruction: Instruction) -> str:
        """The kind of an instruction, one of `KINDS`."""
        if self.branch.match(instruction.mnemonic):
            return "branch"
        vector = self.is_vector(instruction)
        kind = self._table_kind(instruction.mnemonic) if vector else "scalar"
        if self.loads(instruction) and (kind == "move" or not self.has_memory_operands):
            return "load"
        if self.loads(instruction) and kind == "shuffle" and "broadcast" in instruction.mnemonic:
            return "load"
        if self.loads(instruction) and not vector and instruction.mnemonic.startswith("mov"):
            return "load"
        return "store" if self.stores(instruction) else kind

    def loads(self, instruction: Instruction) -> bool:
        """Whether it reads memory."""
        name, operands = instruction.mnemonic, instruction.operands
        if not self.has_memory_operands:
            return name.startswith(("ld", "vld"))
        if name.startswith(("lea", "nop", "prefetch")):
            return False
        sources = operands if name.startswith(("cmp", "test", "bt")) else operands[:-1]
        return any(self.memory.search(operand) for operand in sources)

    def stores(self, instruction: Instruction) -> bool:
        """Whether it writes memory."""
        name, operands = instruction.mnemonic, instruction.operands
        if not self.has_memory_operands:
            return name.startswith(("st", "vst"))
        if name.startswith(("lea", "nop", "cmp", "test", "bt", "prefetch")) or len(operands) < 2:
            return False
        return bool(self.memory.search(operands[-1]))

    def _table_kind(self, mnemonic: str) -> str:
        name = mnemonic.removeprefix("v")
        known = [prefix for prefix in self.kinds if name.startswith(prefix)]
        return self.kinds[max(known, key=len)] if known else "other vector"


ARCHITECTURES: dict[str, Architecture] = {
    "x86_64": Architecture(
        _by_prefix(_X86),
        re.compile(r"%[xyz]mm\d|%k\d"),
        re.compile(r"\("),
        re.compile(r"j|ret|call"),
        has_memory_operands=True,
    ),
    "aarch64": Architecture(
        _by_prefix(_AARCH64),
        re.compile(r"\b[vqd]\d+\b|\bv\d+\."),
        re.compile(r"\["),
        re.compile(r"(b|b\..*|bl|br|blr|cbn?z|tbn?z|ret)$"),
    ),
    "armv7": Architecture(
        _by_prefix(_ARM),
        re.compile(r"v"),
        re.compile(r"\["),
        re.compile(r"(b|bl|bx|blx|b(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le))$"),
        vector_by_mnemonic=True,
    ),
}
"""By the architecture part of a target's triple."""


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
    table, listed = ARCHITECTURES[arch], list(instructions)
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
    table = ARCHITECTURES[arch]
    vectors = [i for i in instructions if (i.spill or i.reload) and table.is_vector(i)]
    return Spills(
        sum(i.spill >= _FULL_REGISTER_BYTES for i in vectors),
        sum(i.reload >= _FULL_REGISTER_BYTES for i in vectors),
    )
