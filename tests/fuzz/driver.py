"""Runs mutants in child processes, and records how far each came or how its process ended."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from typing import Any

CHILD = Path(__file__).parent / "child.py"
SECONDS = 60.0
"""Time for a mutant, which takes a twentieth of a second; machines are busy at times."""

SLOW = 2.0
"""Processor time from which on a mutant is named in the report."""


@dataclass
class Report:
    """What became of the mutants of a run."""

    seed: int
    stages: Counter[str] = field(default_factory=Counter)
    deaths: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    refused_by_llvm: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many mutants came to an end."""
        return self.stages.total()

    @property
    def generated(self) -> int:
        """How many came as far as code generation."""
        return self.stages["object"] + self.stages["code"]

    def __str__(self) -> str:
        lines = [
            f"fuzz seed {self.seed}: {self.count} mutants, {self.generated} to code generation"
        ]
        lines += [f"  {count:5} stopped at {stage}" for stage, count in self.stages.most_common()]
        lines += [f"  slow: {text}" for text in self.slow]
        lines += [f"  refused by LLVM: {text}" for text in self.refused_by_llvm]
        lines += [f"  death: {text}" for text in self.deaths]
        lines += [f"  traceback: {text}" for text in self.tracebacks]
        return "\n".join(lines)


def run_mutants(seed: int, count: int, *options: str) -> Report:
    """Run `count` mutants of a seed; one that ends its process is named, and the next ones go on.

    With `--until-death` among the options of the child, which `child.py` lists, the first death
    ends the run.
    """
    report, start = Report(seed), 0
    stop = "--until-death" in options
    arguments = [option for option in options if option != "--until-death"]
    while start < count and not (stop and report.deaths):
        start = _run_child(report, start, count, arguments)
    return report


def _run_child(report: Report, start: int, count: int, options: list[str]) -> int:
    """Run mutants until all are done or one ends the process; the number of the next one."""
    command = [sys.executable, str(CHILD), str(report.seed), str(start), str(count - start)]
    running: dict[str, Any] = {}
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=errors) as child,
    ):
        try:
            for facts in _lines(child):
                if "begin" in facts:
                    running = facts
                else:
                    _record(report, running, facts)
                    running = {}
        except TimeoutError:
            report.deaths.append(f"{_name(running)} takes more than {SECONDS:g} s")
            return running.get("begin", start) + 1
        finally:
            child.kill()
        errors.seek(0)
        said = " ".join(errors.read().decode(errors="replace").split())
    if running:
        code = child.returncode
        how = Signals(-code).name if code < 0 else f"exit code {code}"
        report.deaths.append(f"{_name(running)} ends with {how}: {said[:300]}")
        return running["begin"] + 1
    assert child.returncode == 0, said[-1000:]
    return count


def _lines(child: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """What the child reports, until it ends.

    Raises:
        TimeoutError: it reports nothing for too long.
    """
    assert child.stdout is not None
    left = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        end = time.monotonic() + SECONDS
        while selector.select(max(0.0, end - time.monotonic())):
            part = os.read(child.stdout.fileno(), 1 << 16)
            if not part:
                child.wait()
                return
            *lines, left = (left + part).split(b"\n")
            for line in lines:
                yield json.loads(line)
            end = time.monotonic() + SECONDS
    raise TimeoutError


def _name(facts: dict[str, Any]) -> str:
    return f"{facts.get('begin')} ({facts.get('what')})"


def _record(report: Report, running: dict[str, Any], facts: dict[str, Any]) -> None:
    report.stages[facts["stage"]] += 1
    if facts["seconds"] > SLOW:
        report.slow.append(f"{_name(running)} takes {facts['seconds']:.1f} s of processor time")
    if "traceback" in facts:
        report.tracebacks.append(f"{_name(running)}: {facts['traceback']}")
    if facts.get("refused_by_llvm"):
        report.refused_by_llvm.append(f"{_name(running)}: {facts['error']}")
