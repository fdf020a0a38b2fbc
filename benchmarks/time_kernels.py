"""Run by a checkout of any commit: times of kernels, on request.

    time_kernels.py FOLDER SECONDS

FOLDER holds `kernels.json` as for `write_assembly`. For each number of a kernel on standard input
comes a line with its nanoseconds, the lower quartile of as many calls as fit in SECONDS.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from xdsl.context import Context
from xdsl.parser import Parser

from lowering.pipeline import passes
from lowering.universe import LOWBIT_UNIVERSE
from runtime import compile


def _compiled(kernel: dict):
    from xdsl.dialects import get_all_dialects  # noqa: PLC0415

    context, core = Context(), get_all_dialects()
    for name in ("builtin", "func", "arith"):
        context.register_dialect(name, core[name])
    for name, dialect in LOWBIT_UNIVERSE.all_dialects.items():
        context.register_dialect(name, dialect)
    module = Parser(context, kernel["module"]).parse_module()
    for strategy in kernel["strategies"]:
        try:
            passes(strategy=strategy)
        except ValueError:
            continue
        executable = compile(
            module, "host", use_cache=False, strategy=strategy, records=kernel["records"]
        )
        signature = executable.signature
        buffers = [spec.new_storage() for spec in (*signature.arguments, *signature.results)]
        for buffer in buffers:
            buffer.fill(0)
        count = len(signature.arguments)
        return executable.bind(buffers[:count], buffers[count:])
    raise ValueError(f"none of the strategies {kernel['strategies']} is known")


def _nanoseconds(call, seconds: float) -> float:
    call()
    samples, end = [], time.perf_counter() + seconds
    while len(samples) < 5 or time.perf_counter() < end:
        start = time.perf_counter_ns()
        call()
        samples.append(time.perf_counter_ns() - start)
    return float(np.quantile(samples, 0.25))


def main() -> None:
    """Answer until standard input ends."""
    kernels, seconds = json.loads((Path(sys.argv[1]) / "kernels.json").read_text()), sys.argv[2]
    built = {}
    for line in sys.stdin:
        number = int(line)
        if number not in built:
            built[number] = _compiled(kernels[number])
        print(_nanoseconds(built[number], float(seconds)), flush=True)


if __name__ == "__main__":
    main()
