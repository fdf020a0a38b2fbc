"""`lowbit bench --target`: kernels for other processors, by llvm-mca and in an emulator."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import BinaryIO

from rich.console import Console
from rich.progress import Progress

from runtime.cli.console import show
from runtime.cli.files import check_writable, write_files
from runtime.cli.model_tables import models_table
from runtime.measure.layer import codes_of
from runtime.measure.model import ModelSetting, emulated_targets, model_layer
from runtime.measure.model_session import Model, ModelJob, ModelOutcome, run_models
from runtime.measure.result_file import dump_results
from runtime.measure.workloads import load_workloads, select

_MEASURING = ("isa", "peers", "processes", "threads", "plot", "modules")
"""Arguments that make no sense where nothing is timed."""


def execute_models(args: argparse.Namespace, default_pairs: Sequence[str]) -> int:
    """Model the kernels; 1 where an output was wrong, or a kernel did not run."""
    workloads = load_workloads(args.workloads)
    plain = [w.id for w in workloads if not w.is_matmul]
    outcome = model(model_jobs(args, plain, lambda _: default_pairs), args)
    show(models_table(outcome.records))
    return exit_code(outcome)


def model(
    jobs: Sequence[ModelJob], args: argparse.Namespace, by: Model = model_layer
) -> ModelOutcome:
    """Model the jobs, with their progress on stderr, and write the records that are asked for."""
    if args.json is not None:
        check_writable(args.json)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(jobs))
        outcome = run_models(
            jobs, lambda done, name: progress.update(task, completed=done, description=name), by
        )
    if args.json is not None:
        write_files({args.json: partial(_write, dump_results(outcome.records))})
    return outcome


def exit_code(outcome: ModelOutcome) -> int:
    """Print what did not run on stderr; 1 where there is such a line, or an output was wrong."""
    for line in outcome.failures:
        print(f"error: {line}", file=sys.stderr)
    return 0 if all(r.checked for r in outcome.records) and not outcome.failures else 1


def model_jobs(
    args: argparse.Namespace, layers: Sequence[str], pairs_of: Callable[[str], Sequence[str]]
) -> list[ModelJob]:
    """The layers and targets asked for, each with its settings.

    Args:
        args: the command's arguments.
        layers: what is modelled where no layer is asked for.
        pairs_of: the pairs of a target where no pair is asked for.

    Raises:
        ValueError: there is no such layer, pair or target, or another argument does not fit.
    """
    for name in _MEASURING:
        if getattr(args, name, None):
            raise ValueError(f"--{name} goes without --target, where nothing is timed")
    chosen = select(load_workloads(args.workloads), args.id or layers)
    pairs = [pair.upper() for pair in args.pair or ()]
    for pair in pairs:
        codes_of(pair)
    jobs = []
    for target in emulated_targets(list(dict.fromkeys(args.target))):
        settings = tuple(
            ModelSetting(pair, target.name, out, strategy, str(args.records))
            for pair in pairs or pairs_of(target.name)
            for out in args.out or ["packed"]
            for strategy in args.strategy or ["auto"]
        )
        jobs += [ModelJob(workload, target.name, settings) for workload in chosen]
    return jobs


def _write(text: bytes, file: BinaryIO) -> int:
    return file.write(text)
