"""The process that compiles and times candidates: a line of JSON in, a line of JSON out.

    python -m runtime.tuner.worker [CPU]

It ends with its standard input. Whatever a candidate prints goes to standard error; where one ends
the process or never returns, whoever started it notices and starts another.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from lowering.kernels.kernel_plan import KernelPlan
from lowering.record_sources import NO_RECORDS
from lowering.targets import get_target
from runtime.build import build_object
from runtime.cli.diagnostics import one_line
from runtime.measure.built_layer import BuiltLayer
from runtime.tuner.task import Failed, Measured, Outcome, Task, choice_from_json
from runtime.tuner.task_layer import layer_of

Measure = Callable[[Task, KernelPlan, float], Outcome]


@lru_cache(maxsize=8)
def _built(task: Task, choice: KernelPlan) -> tuple[BuiltLayer, bool]:
    """A candidate and whether it is right; the last ones are kept, for some are timed again."""
    built = BuiltLayer.of(layer_of(task), task.out, get_target(task.target), choice)
    return built, built.is_right()


def measure(task: Task, choice: KernelPlan, seconds: float) -> Outcome:
    """Compile a candidate, compare its output with the reference, and time it for so long."""
    try:
        built, is_right = _built(task, choice)
    except Exception as error:  # whatever it is, the search goes on without this candidate
        return Failed("error", one_line(error))
    if not is_right:
        return Failed("wrong", "its output differs from the reference")
    nanoseconds, cycles = built.time(seconds)
    return Measured(cycles, nanoseconds / 1e9)


def build(task: Task, choice: KernelPlan, path: str) -> dict[str, Any]:
    """Compile a candidate for another machine: a file with its object, the signature in the reply.

    The function is called `candidate`.
    """
    target = get_target(task.target)
    try:
        module = layer_of(task).kernel_module(task.out, target, choice, "candidate")
        (signature,), content = build_object(module, target, records=NO_RECORDS)
    except Exception as error:  # as above
        return asdict(Failed("error", one_line(error)))
    Path(path).write_bytes(content)
    return {"signature": signature.to_json()}


def serve(measure: Measure = measure) -> None:
    """Answer requests until there are no more."""
    # The replies keep the real standard output; prints of anybody else must not get between them.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        task, choice = Task.from_json(request["task"]), choice_from_json(request["choice"])
        if "path" in request:
            reply = build(task, choice, request["path"])
        else:
            reply = asdict(measure(task, choice, request["seconds"]))
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.sched_setaffinity(0, [int(sys.argv[1])])
    serve()
