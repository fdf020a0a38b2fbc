"""The process that takes mutants down to an object file, and may die of any of them.

    python tests/fuzz/child.py SEED START COUNT

Before each mutant a line `{"begin": ..}` is written, after it one with how far it came.
"""

from __future__ import annotations

import argparse
import json
import linecache
import resource
import time
import traceback
from random import Random
from typing import Any

from mutations import MUTATIONS, mutate
from seeds import Seed, draw_seed, passes_from, text_of
from structural import STRUCTURAL
from xdsl.context import Context
from xdsl.utils.exceptions import DiagnosticException, ParseError, VerifyException

from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.object import CompileError, compile_object
from lowering.llvm.verify import module as verifier
from lowering.llvm.verify import trial
from lowering.targets import get_target
from runtime.source import parse_module

DIAGNOSTICS = (DiagnosticException, ParseError, VerifyException, NotImplementedError)


def _accept(*_: Any) -> bool:
    return True


def remove_guard(name: str) -> None:
    """Plant an abort: hand to LLVM what one of the guards would stop."""
    if name == "intrinsics":
        for op in verifier.intrinsics.RULES:
            verifier.RULES[op] = _accept
    elif name == "trial":
        trial.check = _accept
    else:
        raise ValueError(f"no guard {name!r}")


def is_foreseen(error: Exception) -> bool:
    """Whether an error is a diagnostic: raised as such, not by the way."""
    if isinstance(error, DIAGNOSTICS):
        return True
    if not isinstance(error, ValueError):
        return False
    frame = traceback.extract_tb(error.__traceback__)[-1]
    line = linecache.getline(frame.filename, frame.lineno or 0).strip()
    return line.startswith("raise ")


def compile_mutant(seed: Seed, text: str, opt: int) -> tuple[str, Exception | None]:
    """How far a module comes, and the error that stops it."""
    stage = "parse"
    try:
        module = parse_module(text)
        for step in passes_from(seed.level, seed.target):
            stage = step.name
            step.apply(Context(), module)
        stage, target = "emit", get_target(seed.target)
        ir = module_to_llvm_ir(module, target)
        stage = "code"
        compile_object(ir, target, opt)
    except Exception as error:
        return stage, error
    return "object", None


def make_mutant(
    seed: int, index: int, only: str | None = None, level: str | None = None
) -> tuple[Seed, str, list[str], int]:
    """The mutant of a number: what it comes from, its text, what was changed, the level of LLVM.

    `only` is the one change that is made, `level` the one that the module is of.
    """
    rng = Random(f"{seed}:{index}")
    origin = draw_seed(rng, level)
    text, opt = origin.text, rng.choice((2, 2, 2, 0))
    if only is not None:
        return origin, MUTATIONS[only][1](text, rng), [only], opt
    names: list[str] = []
    in_memory = rng.random() < 0.6
    if in_memory or rng.random() < 0.3:
        module = parse_module(text)
        if in_memory:
            names = rng.choices(list(STRUCTURAL), k=rng.choice((1, 2, 3)))
            for name in names:
                STRUCTURAL[name](module, rng)
        text = text_of(module, generic=rng.random() < 0.5)
    if not in_memory or rng.random() < 0.2:
        text, more = mutate(text, rng)
        names += more
    return origin, text, names, opt


def report(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int)
    parser.add_argument("start", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--without", help="plant an abort: leave out a check")
    parser.add_argument("--only", help="make this change alone")
    parser.add_argument("--level", help="mutate modules of this level alone")
    parser.add_argument("--show", action="store_true", help="print the mutants")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    if arguments.without:
        remove_guard(arguments.without)
    for index in range(arguments.start, arguments.start + arguments.count):
        origin, text, names, opt = make_mutant(
            arguments.seed, index, arguments.only, arguments.level
        )
        if arguments.show:
            print(text)
        what = f"{origin.level} {origin.name} for {origin.target}: {', '.join(names)}"
        report(begin=index, what=what)
        before = time.process_time()
        stage, error = compile_mutant(origin, text, opt)
        seconds = time.process_time() - before
        facts: dict[str, Any] = {"end": index, "stage": stage, "seconds": seconds}
        if error is not None:
            facts["error"] = f"{type(error).__name__}: {str(error)[:300]}"
            facts["refused_by_llvm"] = isinstance(error, CompileError)
            if not is_foreseen(error):
                facts["traceback"] = "".join(traceback.format_exception(error)[-4:])
        report(**facts)


if __name__ == "__main__":
    main()
