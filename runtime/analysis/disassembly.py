"""Basic blocks and innermost loops of a linked program, from LLVM's disassembly.

An innermost loop is what lies between the target of a jump backwards and the jump, where no other
jump backwards lies within: LLVM writes the blocks of a loop one after the other.
"""

from __future__ import annotations

import re
import subprocess
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from runtime.analysis.assembly import Instruction, operands_of
from runtime.analysis.instructions import kinds_of
from runtime.analysis.mca import McaError
from runtime.tools.llvm_tools import find_objdump

INSTRUCTION_BYTES = 4
"""Of every instruction of AArch64, and of ARM where it is not Thumb."""

_LINE = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)(?:\s+(.*))?$")
_COMMENT = re.compile(r"\s*(?://|@|;)\s.*$")
_TARGET = re.compile(r"(?<![#\w])0x([0-9a-f]+)(?: <[^>]*>)?$")
_DATA = (".word", ".short", ".byte", ".long")


@dataclass(frozen=True)
class Placed:
    """An instruction at an address; `target` is where it jumps to."""

    address: int
    instruction: Instruction
    target: int | None = None
    is_branch: bool = False


@dataclass(frozen=True)
class BasicBlock:
    """Instructions that follow each other, entered at the first one only."""

    function: str
    placed: tuple[Placed, ...]

    @property
    def address(self) -> int:
        """Of the first instruction."""
        return self.placed[0].address

    @property
    def instructions(self) -> list[Instruction]:
        """What it executes."""
        return [p.instruction for p in self.placed]


@dataclass(frozen=True)
class Code:
    """The blocks of all functions, in order, and the innermost loops: blocks, the header first."""

    blocks: tuple[BasicBlock, ...]
    loops: tuple[tuple[BasicBlock, ...], ...]

    @staticmethod
    def of(listing: str, arch: str) -> Code:
        """The code of a listing, as `disassemble` gives it, for an architecture."""
        blocks, loops = [], []
        for name, placed in _functions(listing, arch):
            own = list(_blocks(name, placed))
            blocks += own
            loops += _innermost(own)
        return Code(tuple(blocks), tuple(loops))

    def executions(self, counts: Mapping[tuple[int, int], int]) -> dict[BasicBlock, int]:
        """How often each block ran.

        Args:
            counts: runs of stretches of instructions by address and bytes, which may overlap.
        """
        starts = [block.address for block in self.blocks]
        found = dict.fromkeys(self.blocks, 0)
        for (address, size), count in counts.items():
            first = bisect_right(starts, address) - 1
            for block in self.blocks[first:]:
                if block.address >= address + size:
                    break
                if block.address >= address:
                    found[block] += count
        return found


def disassemble(elf: bytes) -> str:
    """LLVM's disassembly of a linked program.

    Raises:
        ToolMissingError: there is no llvm-objdump.
        McaError: it failed.
    """
    command = [*find_objdump(), "--disassemble", "--no-show-raw-insn"]
    with TemporaryDirectory(prefix="lowbit-listing-") as folder:
        program = Path(folder, "program")
        program.write_bytes(elf)
        done = subprocess.run(
            [*command, str(program)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    if done.returncode != 0:
        raise McaError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout


def _functions(listing: str, arch: str) -> Iterator[tuple[str, list[Placed]]]:
    """Names and instructions of functions; data between them is left out."""
    name, placed = "", []
    for line in listing.splitlines():
        if line.endswith(">:"):
            if placed:
                yield name, placed
            name, placed = line.partition("<")[2][:-2], []
        elif (match := _LINE.match(line)) and (found := _placed(match, arch)):
            placed.append(found)
    if placed:
        yield name, placed


def _placed(match: re.Match[str], arch: str) -> Placed | None:
    """The instruction of a line of the listing, or None for data."""
    address, mnemonic, rest = int(match[1], 16), match[2], _COMMENT.sub("", match[3] or "")
    if mnemonic.startswith(_DATA) or ".word" in rest:
        return None
    jump = _TARGET.search(rest)
    operands = tuple(operands_of(_TARGET.sub(".Ltarget", rest) if jump else rest))
    instruction = Instruction(mnemonic, operands)
    is_branch = _leaves(instruction, arch)
    target = int(jump[1], 16) if jump is not None and is_branch else None
    return Placed(address, instruction, target, is_branch)


def _leaves(instruction: Instruction, arch: str) -> bool:
    """Whether another instruction than the next may follow: jumps, calls, loads of the counter."""
    if kinds_of(arch).branch.match(instruction.mnemonic):
        return True
    return instruction.mnemonic.startswith("pop") and "pc" in "".join(instruction.operands)


def _blocks(name: str, placed: Sequence[Placed]) -> Iterator[BasicBlock]:
    """The basic blocks of a function."""
    entries = {p.target for p in placed}
    block: list[Placed] = []
    for p in placed:
        if block and p.address in entries:
            yield BasicBlock(name, tuple(block))
            block = []
        block.append(p)
        if p.is_branch:
            yield BasicBlock(name, tuple(block))
            block = []
    if block:
        yield BasicBlock(name, tuple(block))


def _innermost(blocks: Sequence[BasicBlock]) -> Iterator[tuple[BasicBlock, ...]]:
    """The innermost loops among the blocks of a function."""
    first, last = blocks[0].address, blocks[-1].placed[-1].address
    jumps = (block.placed[-1] for block in blocks)
    spans = {
        (j.target, j.address)
        for j in jumps
        if j.target is not None and first <= j.target <= j.address <= last
    }
    for start, end in sorted(spans):
        if not any(_within(other, (start, end)) for other in spans):
            yield tuple(block for block in blocks if start <= block.address <= end)


def _within(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return inner != outer and outer[0] <= inner[0] and inner[1] <= outer[1]
