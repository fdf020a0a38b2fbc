"""Cycles of a whole program by the model of its processor, and those of its inner loop.

Blocks are weighed by how often an emulator saw them run:

    cycles = sum over blocks of  runs * cycles of the block in an endless loop of its own

so that packing, tables, borders and the epilogue count with what they are worth. What goes on
between blocks does not: caches, branches foreseen or not, and what of a block overlaps with the
next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lowering.targets import Target
from runtime.analysis.assembly import Instruction
from runtime.analysis.disassembly import BasicBlock, Code
from runtime.analysis.mca import BlockCycles, block_cycles


@dataclass(frozen=True)
class LoopModel:
    """An iteration of a loop, on average: multiply-accumulates, cycles, instructions.

    Loops with as many products in an iteration count as one: a kernel has one for each plane, or
    for each way that a window can lie at the border. `share` is the part of all
    multiply-accumulates that they do.
    """

    function: str
    address: int
    macs: float
    cycles: float
    instructions: float
    share: float

    @property
    def mac_per_cycle(self) -> float:
        """The rate of the loop."""
        return self.macs / self.cycles


@dataclass(frozen=True)
class ProgramModel:
    """A call: its cycles, its instructions, and the loop that does most of the products.

    `counted` are the multiply-accumulates that the instructions did, those for nothing (lanes
    without a channel, tables that are filled by lookups) with them. `in_loop` is the part of the
    instructions that such inner loops execute, `unmodelled` the part that cycles leave out.
    """

    cycles: float
    instructions: int
    counted: float
    loop: LoopModel
    in_loop: float
    unmodelled: float


@dataclass(frozen=True)
class _Body:
    """The blocks of a loop, or one block outside of all, and what all its iterations did."""

    blocks: tuple[BasicBlock, ...]
    iterations: int
    macs: float
    instructions: int
    cycles: float

    @property
    def each(self) -> float:
        """Multiply-accumulates of an iteration."""
        return self.macs / self.iterations


def model_program(
    code: Code,
    counts: Mapping[tuple[int, int], int],
    target: Target,
    macs_of: Callable[[Instruction], float],
) -> ProgramModel:
    """The model of a call.

    Args:
        code: the program.
        counts: how often its stretches of instructions ran, by address and bytes.
        target: the processor.
        macs_of: the multiply-accumulates of an instruction.

    Raises:
        McaError: llvm-mca is not there or failed.
        ValueError: nothing that ran multiplies.
    """
    runs = {block: count for block, count in code.executions(counts).items() if count}
    cost = dict(zip(runs, block_cycles([b.instructions for b in runs], target), strict=True))
    looped = {block for loop in code.loops for block in loop}
    groups = [*code.loops, *((block,) for block in runs if block not in looped)]
    bodies = [_body(group, runs, cost, macs_of) for group in groups if runs.get(group[0])]
    counted = sum(body.macs for body in bodies)
    if not counted:
        raise ValueError("nothing of the program multiplies")
    by_work: dict[float, list[_Body]] = {}
    for body in bodies:
        by_work.setdefault(body.each, []).append(body)
    alike = max(by_work.values(), key=lambda group: sum(body.macs for body in group))
    most = max(alike, key=lambda body: body.macs)
    iterations = sum(body.iterations for body in alike)
    instructions = sum(count * len(block.placed) for block, count in runs.items())
    loop = LoopModel(
        most.blocks[0].function,
        most.blocks[0].address,
        most.each,
        sum(body.cycles for body in alike) / iterations,
        sum(body.instructions for body in alike) / iterations,
        sum(body.macs for body in alike) / counted,
    )
    return ProgramModel(
        cycles=sum(body.cycles for body in bodies),
        instructions=instructions,
        counted=counted,
        loop=loop,
        in_loop=sum(body.instructions for body in alike) / instructions,
        unmodelled=sum(n * cost[block].unmodelled for block, n in runs.items()) / instructions,
    )


def _body(
    blocks: Sequence[BasicBlock],
    runs: Mapping[BasicBlock, int],
    cost: Mapping[BasicBlock, BlockCycles],
    macs_of: Callable[[Instruction], float],
) -> _Body:
    ran = tuple(block for block in blocks if block in runs)
    return _Body(
        ran,
        runs[ran[0]],
        sum(runs[b] * sum(map(macs_of, b.instructions)) for b in ran),
        sum(runs[b] * len(b.placed) for b in ran),
        sum(runs[b] * cost[b].cycles for b in ran),
    )
