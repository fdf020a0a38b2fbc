"""The process that compiles functions which may end it: a line of JSON in, a line out for each."""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Iterable
from typing import Any

from lowering.llvm.object import CompileError, compile_object
from lowering.llvm.target_check import trust
from lowering.targets import Costs, Target
from lowering.targets.arch import ARCHITECTURES

CPU_SECONDS = 20
"""Processor time for all functions of a process."""

MEMORY_BYTES = 4 << 30
"""Address space, so that types of gigabytes fail and the machine does not."""

_LEVELS = (0, 2)
"""Levels of optimisation: at 0, instructions are selected by other parts of LLVM."""

_UNKNOWN = re.compile(rb"\x00llvm\.[\w.]+\x00")
"""The symbol that stays of a call of an intrinsic that LLVM does not know."""


def _target(request: dict[str, Any]) -> Target:
    """The target of a request, as far as LLVM is told of it."""
    arch = request["triple"].partition("-")[0]
    facts = ARCHITECTURES[arch]
    isa = frozenset(filter(None, [facts.vectors[128]]))
    target = Target(
        *("trial", request["triple"], request["cpu"], isa, 128, 16, 32, Costs.of(isa, arch)),
        index_width=facts.index_width,
        features=request["features"],
    )
    trust(target)
    return target


def compile_function(request: dict[str, Any]) -> str:
    """Why a function is not compiled; empty where it is."""
    target = _target(request)
    for level in _LEVELS:
        try:
            data = compile_object(request["text"], target, level)
        except CompileError:
            return "it is malformed"
        if _UNKNOWN.search(data):
            return "there is no such intrinsic"
    return ""


def _has(target: Target, features: Iterable[str]) -> bool:
    """Whether LLVM's idea of the processor includes `features`.

    A function is inlined only into one whose features include its own, so @inner disappears into
    @outer, which has those of the processor, exactly if the processor has them all.
    """
    # Of features that a list names twice, the last counts.
    own = [target.features] if target.features else []
    wanted = ",".join([*own, *(f"+{feature}" for feature in features)])
    text = f"""
target triple = "{target.triple}"
define internal void @inner_function(ptr %p) "target-features"="{wanted}" {{
  store volatile i32 0, ptr %p
  ret void
}}
define void @outer(ptr %p) {{
  call void @inner_function(ptr %p)
  ret void
}}"""
    return b"inner_function" not in compile_object(text, target)


def describe_lack(request: dict[str, Any]) -> str:
    """Which of the features in a target's isa its processor lacks; empty where it has all."""
    target = _target(request)
    if _has(target, request["isa"]):
        return ""
    missing = [feature for feature in request["isa"] if not _has(target, [feature])]
    return f"the processor {target.cpu!r} lacks {', '.join(missing)}"


def answer(request: dict[str, Any]) -> str:
    """Why a function is not compiled, or a target is none; empty where it is."""
    return compile_function(request) if "text" in request else describe_lack(request)


def main() -> None:
    """Answer every line of the standard input."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
