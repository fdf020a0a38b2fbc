"""What llvm-mca says of loops and blocks: cycles by LLVM's model of the processor.

It knows ports, latencies and the order of the instructions, and nothing of caches and branches:
all data is in L1, every jump is foreseen, and a block is taken for the body of an endless loop.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from lowering.targets import Target
from runtime.analysis.assembly import AssemblyFunction, Instruction
from runtime.analysis.instructions import mix_of
from runtime.analysis.products import most_products
from runtime.tools.llvm_tools import find_mca, llvm_version

_OPTIONS = (
    *("-iterations=100", "-instruction-info=false", "-resource-pressure=false"),
    "-bottleneck-analysis",
)

_BLOCK_OPTIONS = (
    *("-iterations=100", "-instruction-info=false", "-resource-pressure=false", "-json"),
)

_MULTIPLE = {
    "vldm": "vldr",
    "vpop": "vldr",
    "vstm": "vstr",
    "vpush": "vstr",
    "ldm": "ldr",
    "pop": "ldr",
    "stm": "str",
    "push": "str",
}
"""What stands for each of many registers, by the beginning of the mnemonic."""

_LONG_PART = "Critical sequence"
"""Begins a listing of the loop that is longer than all the rest."""


class McaError(ValueError):
    """llvm-mca does not know the processor, or fails."""


def busiest_loop(function: AssemblyFunction, target: Target) -> Sequence[Instruction]:
    """The innermost loop that multiplies most, or the whole function without loops.

    Products are counted in ARM's instructions; elsewhere vector work stands for them.
    """
    loops = function.innermost_loops or [function.instructions]

    def work(loop: Sequence[Instruction]) -> tuple[int, int, int]:
        mix = mix_of(loop, target.arch)
        return most_products(loop), mix.vector, mix.total

    return max(loops, key=work)


def mca_report(function: AssemblyFunction, target: Target) -> str:
    """Summary and bottlenecks of a hundred iterations of the busiest loop.

    A processor that LLVM has no model of its own for is modelled as another one: the names of the
    resources tell (`Zn4..` on a Zen 5, whose 512-bit operations then take twice their time).

    Raises:
        ToolMissingError: there is no llvm-mca.
        McaError: it failed.
    """
    loop = busiest_loop(function, target)
    return _run(text_of(loop), target, _OPTIONS).partition(_LONG_PART)[0].strip() + "\n"


@dataclass(frozen=True)
class BlockCycles:
    """Cycles of a run through a block, and how many of its instructions these leave out."""

    cycles: float
    unmodelled: int = 0


def block_cycles(blocks: Sequence[Sequence[Instruction]], target: Target) -> list[BlockCycles]:
    """Cycles of each of some blocks, as if it were the body of an endless loop.

    Loads and stores of several registers on ARM, which LLVM's models have no entry for, count as
    so many single ones. What else the model does not know is left out, and said to be.

    Raises:
        ToolMissingError: there is no llvm-mca.
        McaError: it failed.
    """
    bodies = [[single for i in block for single in singly(i)] for block in blocks]
    syntax = target.architecture.instructions
    comment = syntax.comment
    text = "".join(
        f"{comment} LLVM-MCA-BEGIN {number}\n{text_of(body)}{comment} LLVM-MCA-END\n"
        for number, body in enumerate(bodies)
        if body
    )
    if not text:
        return [BlockCycles(0.0)] * len(blocks)
    said = json.loads(_run(text, target, (*_BLOCK_OPTIONS, *syntax.mca_options)))
    regions = {int(region["Name"]): region for region in said["CodeRegions"]}
    found = []
    for number, body in enumerate(bodies):
        region = regions.get(number)
        if region is None:
            found.append(BlockCycles(0.0, len(body)))
            continue
        summary = region["SummaryView"]
        cycles = summary["TotalCycles"] / summary["Iterations"]
        found.append(BlockCycles(cycles, len(body) - len(region["Instructions"])))
    return found


def singly(instruction: Instruction) -> list[Instruction]:
    """An instruction, or the single loads or stores that take the place of one of many registers.

    `ldm r0, {r1, r2}` becomes `ldr r1, [r0]` and `ldr r2, [r0]`; a `nop` nothing.
    """
    name, operands = instruction.mnemonic, instruction.operands
    if name == "nop":
        return []
    single = next((to for prefix, to in _MULTIPLE.items() if name.startswith(prefix)), None)
    *first, last = operands or ("",)
    if single is None or not last.startswith("{"):
        return [instruction]
    base = first[0].rstrip("!") if first else "sp"
    registers = (r.strip() for r in last.strip("{}^").split(","))
    return [Instruction(single, ("lr" if r == "pc" else r, f"[{base}]")) for r in registers]


def text_of(instructions: Sequence[Instruction]) -> str:
    """Instructions as an assembler reads them."""
    return "".join(f"\t{i.mnemonic}\t{', '.join(i.operands)}\n" for i in instructions)


def mca_version() -> str:
    """The version of LLVM that llvm-mca comes from.

    Raises:
        ToolMissingError: there is no llvm-mca.
    """
    return ".".join(map(str, llvm_version(find_mca())))


def _run(text: str, target: Target, options: Sequence[str]) -> str:
    """What llvm-mca writes about assembly.

    Raises:
        ToolMissingError: there is no llvm-mca.
        McaError: it failed.
    """
    command = [*find_mca(), f"-mtriple={target.triple}", f"-mcpu={target.cpu}"]
    if target.features:
        command.append(f"-mattr={target.features}")
    done = subprocess.run(
        [*command, *options], input=text, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode != 0:
        reason = next(iter(done.stderr.strip().splitlines()), f"exit code {done.returncode}")
        raise McaError(f"{command[0]}: {reason}")
    return done.stdout
