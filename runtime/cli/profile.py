"""The table and the picture of `lowbit run --profile`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from numpy.typing import NDArray
from rich.table import Table

from lowering.pipeline import Hook
from runtime.cli.console import duration, show
from runtime.cli.files import check_writable, write_files
from runtime.executable import Executable
from runtime.measure.clock import nanoseconds_per_cycle
from runtime.measure.profile import StageCollector, StageFacts, StageTime, time_stages
from runtime.measure.roofline import check_plot, matplotlib_figure

SECONDS = 1.0
"""How long the runs of a profile take."""


def both(first: Hook | None, second: Hook) -> Hook:
    """A hook that calls two, the first one if there is one."""
    if first is None:
        return second
    other = first

    def call(step, module) -> None:
        other(step, module)
        second(step, module)

    return call


def show_profile(
    executable: Executable,
    inputs: Sequence[NDArray],
    facts: Mapping[str, StageFacts],
    picture: Path | None,
) -> None:
    """Time the stages, print a table of them and draw them where a file is given.

    Raises:
        ValueError: the function has no stages.
    """
    if executable.signature.in_place or not executable.signature.stages:
        raise ValueError(f"--profile: @{executable.signature.name} has no stages")
    stages = time_stages(executable, inputs, SECONDS)
    table = _table(stages, facts, nanoseconds_per_cycle())
    show(table)
    workspace = executable.signature.workspace
    total = sum(stage.seconds for stage in stages)
    print(f"all stages: {duration(total)}, workspace: {workspace} bytes")
    if picture is not None:
        form = picture.suffix[1:]
        write_files({picture: lambda file: draw_profile(stages, facts, file, form)})


def _table(
    stages: Sequence[StageTime], facts: Mapping[str, StageFacts], ns_per_cycle: float
) -> Table:
    """A row for each stage."""
    names = ("stage", "strategy", "time", "share", "MAC/cycle", "of the bound", "kB")
    table = Table(names[0], names[1])
    for name in names[2:]:
        table.add_column(name, justify="right")
    total = sum(stage.seconds for stage in stages)
    for stage in stages:
        known = facts.get(stage.name, StageFacts(0))
        cycles = stage.seconds * 1e9 / ns_per_cycle
        table.add_row(
            stage.name,
            known.strategy,
            duration(stage.seconds),
            f"{100 * stage.seconds / total:.1f} %",
            f"{known.macs / cycles:.0f}" if known.macs else "",
            f"{100 * known.bound / cycles:.0f} %" if known.macs else "",
            f"{known.moved / 1000:.1f}" if known.moved else "",
        )
    return table


def draw_profile(
    stages: Sequence[StageTime], facts: Mapping[str, StageFacts], file: BinaryIO, form: str
) -> None:
    """Bars of the times of the stages in order, coloured by strategy.

    Raises:
        PlotError: matplotlib is not installed.
    """
    figure = matplotlib_figure(figsize=(9, 1 + 0.22 * len(stages)))
    axes = figure.subplots()
    kinds = [getattr(facts.get(s.name), "strategy", "") or "no kernel" for s in stages]
    for number, kind in enumerate(dict.fromkeys(kinds)):
        rows = [row for row, other in enumerate(kinds) if other == kind]
        axes.barh(rows, [1e6 * stages[row].seconds for row in rows], color=f"C{number}", label=kind)
    axes.set_yticks(range(len(stages)), [stage.name for stage in stages], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("microseconds")
    axes.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(file, format=form)


def stage_collector(args: argparse.Namespace) -> StageCollector | None:
    """The collector of stages for `--profile`, or None without it.

    Raises:
        ValueError: `--plot` is given without `--profile`.
        PlotError: the file of `--plot` has no known format, or matplotlib is not installed.
        OSError: the file of `--plot` cannot be written.
    """
    if args.plot is not None:
        if not args.profile:
            raise ValueError("--plot goes with --profile")
        check_plot(args.plot)
        check_writable(args.plot)
    return StageCollector(args.target) if args.profile else None
