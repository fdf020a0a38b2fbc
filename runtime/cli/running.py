"""What `lowbit run` does alike for modules and for models: compile, time, and show."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from lowering.targets import get_target
from runtime.cli.console import duration
from runtime.cli.pipeline import chosen_passes, printing
from runtime.cli.profile import both
from runtime.compiler import compile
from runtime.executable import Executable
from runtime.measure.profile import StageCollector

PRINTED_ELEMENTS = 20
"""Arrays of at most this number of elements are printed."""


def compiled(
    args: argparse.Namespace,
    module: ModuleOp | Path,
    collector: StageCollector | None,
    entry: str | None = None,
) -> Executable:
    """The function to run, compiled as the arguments say; `collector` sees every pass."""
    pipeline, after = None, None
    if args.pipeline is not None or args.print_after:
        pipeline = chosen_passes(args, get_target(args.target))
        after = printing(args, pipeline)
    if collector is not None:
        after = both(after, collector)
    return compile(
        module,
        args.target,
        entry=entry,
        use_cache=not args.no_cache,
        strategy=args.strategy,
        records=args.records,
        passes=pipeline,
        after=after,
    )


def show_times(run: Callable[[], object], repeat: int, num_threads: int) -> None:
    """Repeat a run and print the median of its times; `repeat` of 0 prints nothing."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    if times:
        threads = f"{num_threads} thread{'s' if num_threads > 1 else ''}"
        print(f"median of {repeat} runs with {threads}: {duration(float(np.median(times)))}")


def show_small(arrays: Mapping[str, NDArray]) -> None:
    """Print the arrays of few elements, by name."""
    for name, array in arrays.items():
        if array.size <= PRINTED_ELEMENTS:
            print(f"{name} = {np.array2string(array, 10_000, separator=', ')}")
