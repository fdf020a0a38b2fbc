"""What llvm-mca says of the busiest loop of a stage: cycles by LLVM's model of the processor.

It knows ports, latencies and the order of the instructions, and nothing of caches and branches.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from lowering.targets import Target
from runtime.analysis.assembly import AssemblyFunction, Instruction
from runtime.analysis.instructions import mix_of

VERSIONS = range(30, 15, -1)
"""Of LLVM, the newest first, as distributions name their programs."""
_OPTIONS = (
    *("-iterations=100", "-instruction-info=false", "-resource-pressure=false"),
    "-bottleneck-analysis",
)

_LONG_PART = "Critical sequence"
"""Begins a listing of the loop that is longer than all the rest."""


class McaError(ValueError):
    """llvm-mca is not there, or does not know the processor."""


def find_mca() -> str:
    """The path of llvm-mca, the newest one.

    Raises:
        McaError: there is none.
    """
    names = (*(f"llvm-mca-{number}" for number in VERSIONS), "llvm-mca")
    paths = (path for name in names if (path := shutil.which(name)))
    found = next(paths, None)
    if found is None:
        raise McaError("no llvm-mca on the PATH; Debian's and Ubuntu's package llvm-19 has it")
    return found


def busiest_loop(function: AssemblyFunction, target: Target) -> Sequence[Instruction]:
    """The innermost loop with the most vector work, or the whole function without loops."""
    loops = function.innermost_loops or [function.instructions]

    def work(loop: Sequence[Instruction]) -> tuple[int, int]:
        mix = mix_of(loop, target.arch)
        return mix.vector, mix.total

    return max(loops, key=work)


def mca_report(function: AssemblyFunction, target: Target) -> str:
    """Summary and bottlenecks of a hundred iterations of the busiest loop.

    A processor that LLVM has no model of its own for is modelled as another one: the names of the
    resources tell (`Zn4..` on a Zen 5, whose 512-bit operations then take twice their time).

    Raises:
        McaError: llvm-mca is not there or failed.
    """
    loop = busiest_loop(function, target)
    text = "".join(f"\t{i.mnemonic}\t{', '.join(i.operands)}\n" for i in loop)
    command = [find_mca(), f"-mtriple={target.triple}", f"-mcpu={target.cpu}"]
    if target.features:
        command.append(f"-mattr={target.features}")
    done = subprocess.run(
        [*command, *_OPTIONS],
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        reason = next(iter(done.stderr.strip().splitlines()), f"exit code {done.returncode}")
        raise McaError(f"{command[0]}: {reason}")
    return done.stdout.partition(_LONG_PART)[0].strip() + "\n"
