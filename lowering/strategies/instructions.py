"""How many products an ARM instruction computes.

They are counted in the instructions themselves, so that no figure depends on what a pass meant to
emit: a `cnt` of a register of 128 bits counts 128 products of bits, an `sdot` multiplies 16 pairs
of bytes, a `tbl` looks 16 products up, or 16 sums of some.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol


class Instruction(Protocol):
    """An instruction: its mnemonic, and its operands as text."""

    @property
    def mnemonic(self) -> str:
        """The mnemonic."""
        ...

    @property
    def operands(self) -> Sequence[str]:
        """The operands, registers as the disassembler writes them."""
        ...


_ARRANGED = re.compile(r"v\d+\.(\d+)([bhsd])$")
"""A vector register of AArch64 with its lanes."""
_ELEMENT_BITS = {"b": 8, "h": 16, "s": 32, "d": 64}
_ARM_SIZE = re.compile(r"\.[isupf]?(\d+)$")
"""What ends a mnemonic of ARMv7: the bits of the elements that it reads."""

_COUNTS = re.compile(r"v?cnt\b")
_DOTS = re.compile(r"v?[us]{1,2}dot\b")
_WIDENING = re.compile(r"(?:[us]m(?:ul|la|ls)l2?|vm(?:ul|la|ls)l)\b")
_MULTIPLIES = re.compile(r"v?m(?:ul|la|ls)\b")
_LOOKUPS = re.compile(r"v?tb[lx]\b")


def _register(instruction: Instruction) -> tuple[int, int]:
    """(bits, bits of an element) of the first operand; zeros for what is no vector."""
    if not instruction.operands:
        return 0, 0
    first = instruction.operands[0]
    if match := _ARRANGED.match(first):
        element = _ELEMENT_BITS[match[2]]
        return int(match[1]) * element, element
    size = _ARM_SIZE.search(instruction.mnemonic)
    if size and re.match(r"[dq]\d+$", first):
        return 128 if first[0] == "q" else 64, int(size[1])
    return 0, 0


def bits_counted(instruction: Instruction) -> int:
    """Products of bits: those that a `cnt` counts."""
    return _register(instruction)[0] if _COUNTS.match(instruction.mnemonic) else 0


def multiplied(instruction: Instruction) -> int:
    """Products of numbers: those of a multiplication or of a dot product."""
    name, (bits, element) = instruction.mnemonic, _register(instruction)
    if not bits:
        return 0
    if _DOTS.match(name):
        return bits // 8
    if _WIDENING.match(name):
        # ARMv7 names the elements that are read, AArch64 those that are written.
        return bits // (2 * element if name.startswith("v") else element)
    return bits // element if _MULTIPLIES.match(name) else 0


def looked_up(instruction: Instruction) -> int:
    """Products, or sums of some, that a `tbl` looks up."""
    return _register(instruction)[0] // 8 if _LOOKUPS.match(instruction.mnemonic) else 0
