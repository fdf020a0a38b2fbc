"""`lowbit bench --target`: kernels for other processors, by llvm-mca and in an emulator."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import BinaryIO

from rich.console import Console
from rich.progress import Progress

from runtime.bench.measure import codes_of
from runtime.bench.model import ModelSetting, emulated_targets
from runtime.bench.model_goals import goal_layers, goal_pairs
from runtime.bench.model_record import ModelRecord
from runtime.bench.model_session import ModelJob, run_models
from runtime.bench.result_file import dump_results
from runtime.bench.workloads import load_workloads, select
from runtime.cli.console import show
from runtime.cli.files import check_writable, write_files
from runtime.cli.model_tables import (
    missed_models_table,
    model_goals_line,
    model_goals_table,
    models_table,
)

_MEASURING = ("isa", "peers", "processes", "threads", "plot", "modules")
"""Arguments that make no sense where nothing is timed."""


def execute_models(args: argparse.Namespace, default_pairs: tuple[str, ...]) -> int:
    """Model the kernels; 1 where an output was wrong, or a kernel did not run."""
    jobs = _jobs(args, default_pairs)
    if args.json is not None:
        check_writable(args.json)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(jobs))
        outcome = run_models(
            jobs, lambda done, name: progress.update(task, completed=done, description=name)
        )
    if args.json is not None:
        write_files({args.json: partial(_write, dump_results(outcome.records))})
    _print(outcome.records, args.goals)
    for line in outcome.failures:
        print(f"error: {line}", file=sys.stderr)
    return 0 if all(r.checked for r in outcome.records) and not outcome.failures else 1


def _jobs(args: argparse.Namespace, default_pairs: tuple[str, ...]) -> list[ModelJob]:
    """The layers and targets asked for, each with its settings.

    Raises:
        ValueError: there is no such layer, pair or target, or another argument does not fit.
    """
    for name in _MEASURING:
        if getattr(args, name):
            raise ValueError(f"--{name} goes without --target, where nothing is timed")
    workloads = load_workloads(args.workloads)
    plain = [w.id for w in workloads if not w.is_matmul]
    chosen = select(workloads, args.id or (goal_layers() if args.goals else plain))
    pairs = [pair.upper() for pair in args.pair or ()]
    for pair in pairs:
        codes_of(pair)
    jobs = []
    for target in emulated_targets(list(dict.fromkeys(args.target))):
        wanted = pairs or (goal_pairs(target.name) if args.goals else default_pairs)
        settings = tuple(
            ModelSetting(pair, target.name, out, strategy, str(args.records))
            for pair in wanted
            for out in args.out or ["packed"]
            for strategy in args.strategy or ["auto"]
        )
        jobs += [ModelJob(workload, target.name, settings) for workload in chosen]
    return jobs


def _print(records: list[ModelRecord], has_goals: bool) -> None:
    """All tables that have something in them."""
    tables = [models_table(records)]
    if has_goals:
        tables += [model_goals_table(records), missed_models_table(records)]
    for table in tables:
        if table.row_count:
            show(table)
            print()
    print(model_goals_line(records))


def _write(text: bytes, file: BinaryIO) -> int:
    return file.write(text)
