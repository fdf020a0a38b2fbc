"""Questions whose answer may end the process: asked of LLVM in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any

import lowering
from lowering.targets import Target

SECONDS = 120
"""Time that a process may take, which has a limit of its own for processor time."""


@dataclass(frozen=True)
class Answers:
    """The answers of a process as far as it came, how it ended, and what LLVM complained of."""

    answers: list[str]
    end: str
    complaints: str = ""


def describe(target: Target) -> dict[str, Any]:
    """What LLVM is told of a target, for a question."""
    return {"triple": target.triple, "cpu": target.cpu, "features": target.features}


def ask(questions: Sequence[Mapping[str, Any]]) -> Answers:
    """Ask for answers, of which a process that ends early gives fewer (see `child_process`)."""
    if not sys.executable:
        return Answers([], "no program of Python is known that a process could be started with")
    root = str(Path(lowering.__file__).parent.parent)
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lowering.llvm.child_process"],
            input="".join(json.dumps(question) + "\n" for question in questions).encode(),
            capture_output=True,
            env={**os.environ, "PYTHONPATH": path},
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return Answers(_whole_lines(error.stdout or b""), "it takes too long")
    except OSError as error:
        return Answers([], f"no process can be started: {error.strerror or error}")
    complaints = done.stderr.decode(errors="replace")
    return Answers(_whole_lines(done.stdout), _end(done.returncode), complaints)


def _whole_lines(output: bytes) -> list[str]:
    return [json.loads(line) for line in output.split(b"\n")[:-1]]


def _end(code: int) -> str:
    if code == -Signals.SIGXCPU:
        return "it takes too long"
    return "it would end the process" + (f" by {Signals(-code).name}" if code < 0 else "")
