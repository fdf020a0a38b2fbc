"""Functions, blocks and innermost loops of LLVM's assembly.

LLVM's comments say which blocks make up which loop and which instructions spill, so nothing has to
be guessed from labels and stack offsets. They look alike for all targets:

    .LBB4_4:                     # %b9
                                 #   Parent Loop BB4_2 Depth=1
                                 # =>  This Inner Loop Header: Depth=2
        vmovups %zmm3, 64(%rsp)  # 64-byte Spill
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_FUNCTION = re.compile(r'^(?:([^\s.#/@"]\S*)|"((?:[^"\\]|\\.)*)"):')
_ESCAPED = re.compile(r"\\(.)")
_LABEL = re.compile(r"^\.L(BB\d+_\d+):")
_UNLABELLED = re.compile(r"^\s*(?:#|//|@) %bb\.\d+:")
_COMMENT = re.compile(r"\s(?:#|//|@) (.*)$")
_INNER = re.compile(r"This Inner Loop Header: Depth=(\d+)")
_OUTER = re.compile(r"This Loop Header: Depth=(\d+)")
_INSIDE = re.compile(r"in Loop: Header=(BB\d+_\d+) Depth=(\d+)")
_SPILL = re.compile(r"(\d+)-byte (?:Folded )?(Spill|Reload)")


@dataclass(frozen=True)
class Instruction:
    """An instruction; `spill` and `reload` are the bytes moved to and from the stack."""

    mnemonic: str
    operands: tuple[str, ...]
    spill: int = 0
    reload: int = 0


@dataclass
class Block:
    """A basic block; `loop` is the label of the header of the innermost loop around it."""

    label: str
    loop: str = ""
    depth: int = 0
    is_header_of_innermost: bool = False
    instructions: list[Instruction] = field(default_factory=list)


@dataclass
class AssemblyFunction:
    """A function: its text and its blocks, in order."""

    name: str
    text: str
    blocks: list[Block]

    @property
    def instructions(self) -> list[Instruction]:
        """All instructions."""
        return [i for block in self.blocks for i in block.instructions]

    @property
    def innermost_loops(self) -> list[list[Instruction]]:
        """The instructions of each loop that has none inside."""
        headers = [block.label for block in self.blocks if block.is_header_of_innermost]
        return [
            [i for block in self.blocks if block.loop == header for i in block.instructions]
            for header in headers
        ]


def parse_assembly(text: str) -> dict[str, AssemblyFunction]:
    """The functions of assembly that was written with comments, by name."""
    return {f.name: f for f in (_parse_function(*part) for part in _split(text))}


def _split(text: str) -> Iterator[tuple[str, list[str]]]:
    """Names and lines of functions."""
    name, lines = "", []
    for line in text.splitlines():
        if not name:
            match = _FUNCTION.match(line)
            if match and "@" in line + line.partition("//")[2]:
                name = match[1] or _ESCAPED.sub(r"\1", match[2])
                lines = [line]
        elif line.startswith(".Lfunc_end"):
            yield name, lines
            name = ""
        else:
            lines.append(line)


def _parse_function(name: str, lines: list[str]) -> AssemblyFunction:
    blocks: list[Block] = []
    for line in lines[1:]:
        label = _LABEL.match(line)
        if label or _UNLABELLED.match(line):
            blocks.append(Block(label[1] if label else ""))
        if not blocks:
            continue  # directives ahead of the code
        comment = _COMMENT.search(line)
        if comment and not blocks[-1].instructions:
            _place(blocks[-1], comment[1])
        instruction = _instruction(line)
        if instruction is not None:
            blocks[-1].instructions.append(instruction)
    return AssemblyFunction(name, "\n".join(lines) + "\n", blocks)


def _place(block: Block, comment: str) -> None:
    """Read what a comment says of the loops around a block."""
    if inner := _INNER.search(comment):
        block.loop, block.depth, block.is_header_of_innermost = block.label, int(inner[1]), True
    elif outer := _OUTER.search(comment):
        block.loop, block.depth = block.label, int(outer[1])
    elif inside := _INSIDE.search(comment):
        block.loop, block.depth = inside[1], int(inside[2])


def _instruction(line: str) -> Instruction | None:
    """The instruction of a line, or None for labels, directives and comments."""
    comment = _COMMENT.search(line)
    code = (line[: comment.start()] if comment else line).strip()
    if not code or not line[0].isspace() or code[0] in ".#@/":
        return None
    mnemonic, _, rest = code.partition("\t")
    mnemonic, _, inline = mnemonic.partition(" ")
    sizes = {"Spill": 0, "Reload": 0}
    if comment and (spill := _SPILL.search(comment[1])):
        sizes[spill[2]] = int(spill[1])
    operands = tuple(operands_of(f"{inline} {rest}".strip()))
    return Instruction(mnemonic, operands, sizes["Spill"], sizes["Reload"])


def operands_of(text: str) -> Iterator[str]:
    """Operands, split at the commas outside brackets."""
    depth, start = 0, 0
    for position, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            yield text[start:position].strip()
            start = position + 1
    if text[start:].strip():
        yield text[start:].strip()
