"""The speed of the kernels of `kernels.json` on this machine, of two commits in turn.

    python -m benchmarks.speed OLD NEW [--only TEXT] [--rounds N] [--seconds S]

A process of each commit times a kernel, one after the other, round by round, so that slow phases of
the machine meet both. What is printed is the median over the rounds of the ratio old / new: above 1
the new commit is faster.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.kernels import BenchmarkKernel, load_kernels
from benchmarks.strategy_names import names_of
from benchmarks.worktrees import checkout, environment, python

SCRIPT = Path(__file__).parent / "time_kernels.py"


def on_host(kernels: Sequence[BenchmarkKernel]) -> list[BenchmarkKernel]:
    """The kernels compiled for this machine, each once."""
    return list(dict.fromkeys(replace(kernel, target="host") for kernel in kernels))


class Timer:
    """A process of a checkout that times kernels."""

    def __init__(self, tree: Path, folder: Path, seconds: float):
        self.process = subprocess.Popen(
            python(tree, SCRIPT, str(folder), str(seconds)),
            cwd=tree,
            env=environment(tree),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def nanoseconds(self, number: int) -> float:
        """The time of a call of a kernel.

        Raises:
            RuntimeError: the process ended; its standard error says why.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(f"{number}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise RuntimeError("a process that times kernels ended") from None
        if not (line := self.process.stdout.readline()):
            raise RuntimeError("a process that times kernels ended")
        return float(line)

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


def compare(
    old: str, new: str, kernels: Sequence[BenchmarkKernel], rounds: int, seconds: float
) -> None:
    """Print the ratio of each kernel, and the median of all."""
    entries = [
        {
            "module": kernel.module_text(),
            "strategies": names_of(kernel.strategy),
            "records": kernel.records,
        }
        for kernel in kernels
    ]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lowbit-")))
        (folder / "kernels.json").write_text(json.dumps(entries))
        timers = []
        for commit in (old, new):
            timers.append(Timer(stack.enter_context(checkout(commit)), folder, seconds))
            stack.callback(timers[-1].close)
        ratios = []
        for number, kernel in enumerate(kernels):
            found = []
            for count in range(rounds):
                turn = timers if count % 2 else timers[::-1]
                times = {timer: timer.nanoseconds(number) for timer in turn}
                found.append(times[timers[0]] / times[timers[1]])
            ratios.append(median(found))
            low, high = min(found), max(found)
            print(f"{ratios[-1]:5.2f}  ({low:.2f} .. {high:.2f})  {kernel.name}", flush=True)
        print(f"{median(ratios):5.2f}  median of {len(ratios)} kernels: old / new")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed")
    parser.add_argument("old", help="a commit, or . for the files as they are")
    parser.add_argument("new", help="the same")
    parser.add_argument("--only", default="", help="the kernels whose name contains this")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.02, help="of a timing")
    given = parser.parse_args(arguments)
    kernels = [kernel for kernel in on_host(load_kernels()) if given.only in kernel.name]
    try:
        compare(given.old, given.new, kernels, given.rounds, given.seconds)
    except (ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
