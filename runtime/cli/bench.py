"""Time the kernels on known layers, every output compared with the reference.

Inputs are packed; outputs are packed too (packing counted, and thresholds, or shift and clip where
the result has more than 4 bits) or the i32 sums. Cycles are counted in a chain of dependent
additions timed beside each sample, so they do not depend on the clock's frequency. A MAC is a
full-width product: an A2W2 one counts once, taps in the padding count too. Settings of a layer are
timed in turn; the lower quartile counts.

With --target nothing is timed: the kernels are compiled for another processor, executed in an
emulator, compared with the reference, and the blocks that ran are costed by LLVM's model of the
processor (llvm-mca), which assumes that all data is in the nearest cache and all jumps are
predicted.

columns:
  predicted   MAC/cycle by the cost model
  compile     a compilation without the object cache
  from cache  one that finds the object there

columns with --target, rates in MAC/cycle:
  inner loop  the loop that does most of the products, by llvm-mca
  does        its part of the products, loops with as many in an iteration counted
  products    what instructions multiply of what the layer has: less where taps in the padding are
              skipped, more where lanes hold no channel, or tables are filled by lookups
  whole call  by llvm-mca's cycles of every block, as often as it ran
  instr.      instructions that the emulator counted, and the part of them in that loop
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import Progress

from lowering.kernels.contraction import Contraction
from lowering.kernels.resolve_strategy import resolve_strategy
from lowering.strategies import strategy_choices
from lowering.targets import ISA_CLASSES
from runtime.cli.arguments import add_records, positive
from runtime.cli.bench_model import execute_models
from runtime.cli.bench_tables import records_table, scaling_table
from runtime.cli.console import show
from runtime.cli.files import Writer, check_writable, write_files
from runtime.measure.built_layer import module_of, target_of
from runtime.measure.layer import OUTPUTS, codes_of
from runtime.measure.machine import usable_cores
from runtime.measure.record import Record, Setting
from runtime.measure.result_file import dump_results
from runtime.measure.roofline import Bounds, Panel, check_plot, plot
from runtime.measure.session import Outcome, Plan, run_plan, steps
from runtime.measure.workloads import Workload, load_workloads, select

DEFAULT_PAIRS = ("A1W1", "A2W1", "A2W2", "A4W4")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `lowbit bench`."""
    add_layer_arguments(parser)
    parser.add_argument(
        "--modules",
        type=Path,
        metavar="FOLDER",
        help="measure nothing: write the module of each setting there, for `lowbit inspect`",
    )


def add_layer_arguments(
    parser: argparse.ArgumentParser,
    default_pairs: str = " ".join(DEFAULT_PAIRS),
    default_isa: str = "host",
) -> None:
    """Add the arguments that say what is measured, and where the results go.

    `default_pairs` and `default_isa` are what the help text gives as the defaults.
    """
    parser.add_argument(
        "--workloads", type=Path, metavar="FILE", help="a JSON list of layers (default: our own)"
    )
    parser.add_argument(
        "--id", action="append", metavar="C9", help="only this layer; repeat it for several"
    )
    parser.add_argument(
        "--pair",
        action="append",
        metavar="A2W1",
        help=f"bits of activations and weights; repeatable (default: {default_pairs})",
    )
    parser.add_argument(
        "--isa",
        action="append",
        choices=("host", *ISA_CLASSES),
        help="use the host as if its vector instructions ended there; repeatable"
        f" (default: {default_isa})",
    )
    parser.add_argument(
        "--target",
        action="append",
        metavar="T",
        help="an ARM processor to model instead of timing anything, such as cortex-a53; repeatable",
    )
    parser.add_argument(
        "--out", action="append", choices=OUTPUTS, help="what is stored (default: packed)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=0.3,
        metavar="S",
        help="how long each measurement repeats (default: 0.3)",
    )
    parser.add_argument(
        "--strategy",
        action="append",
        choices=strategy_choices(),
        help="how contractions are computed; repeatable (default: auto, what suits the host)",
    )
    add_records(parser)
    parser.add_argument(
        "--threads",
        type=positive,
        metavar="N",
        help="also on N threads, and on four times as many as there are cores",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the records there")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw a roofline there: .svg, .png or .pdf"
    )


def _jobs(args: argparse.Namespace) -> dict[Workload, list[Setting]]:
    """The layers asked for, each with its settings.

    Raises:
        ValueError: there is no such layer, or a pair is none.
    """
    workloads = load_workloads(args.workloads)
    select(workloads, args.id or ())
    by_id = {w.id: w for w in workloads}
    ids = args.id or [w.id for w in by_id.values() if not w.is_matmul]
    pairs = wanted_pairs(args) or DEFAULT_PAIRS
    plain = [Setting(p, isa) for p, isa in product(pairs, args.isa or ["host"])]
    return {by_id[i]: variants(plain, args) for i in ids}


def wanted_pairs(args: argparse.Namespace) -> list[str]:
    """The pairs asked for, in capital letters.

    Raises:
        ValueError: a text is no pair.
    """
    pairs = [pair.upper() for pair in args.pair or ()]
    for pair in pairs:
        codes_of(pair)
    return pairs


def variants(settings: Sequence[Setting], args: argparse.Namespace) -> list[Setting]:
    """The settings with every output, strategy and number of threads that is asked for."""
    threads = [1]
    if args.threads and args.threads > 1:
        threads += [args.threads, max(4 * usable_cores(), args.threads + 1)]
    outs, strategies = args.out or ["packed"], args.strategy or ["auto"]
    return [
        replace(setting, out=out, strategy=strategy, threads=count)
        for setting, out, strategy, count in product(settings, outs, strategies, threads)
    ]


def check_jobs(jobs: Mapping[Workload, Sequence[Setting]], args: argparse.Namespace) -> None:
    """Raise a ValueError where the time is not positive, or a strategy cannot take a layer."""
    if not args.seconds > 0:
        raise ValueError(f"--seconds must be positive, got {args.seconds}")
    for workload, settings in jobs.items():
        for setting in settings:
            _check_strategy(workload, setting)


def _check_strategy(workload: Workload, setting: Setting) -> None:
    """Raise a ValueError that names the layer where the strategy of a setting cannot take it."""
    codes, geometry = codes_of(setting.pair), workload.geometry
    try:
        contraction = Contraction(*codes, geometry).on(target_of(setting))
        resolve_strategy(setting.strategy, contraction)
    except ValueError as error:
        raise ValueError(f"{workload.id} {setting.pair}: {error}") from None


def execute(args: argparse.Namespace) -> int:
    """Run the command; 1 where an output was wrong."""
    if args.target:
        return execute_models(args, DEFAULT_PAIRS)
    jobs = _jobs(args)
    check_jobs(jobs, args)
    plan = Plan(jobs, args.seconds, records=str(args.records))
    if args.modules is not None:
        _write_modules(plan, args.modules)
        return 0
    outcome = measure(plan, args)
    write_results(outcome.records, plan, args)
    show_records(outcome.records)
    return 0 if all(r.checked for r in outcome.records) else 1


def measure(plan: Plan, args: argparse.Namespace) -> Outcome:
    """Run a plan with its progress on stderr; the files asked for are checked before the work.

    Raises:
        ValueError: a file cannot be written, or no picture can be drawn.
    """
    for path in (args.json, args.plot):
        if path is not None:
            check_writable(path)
    if args.plot is not None:
        check_plot(args.plot)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=steps(plan))
        return run_plan(
            plan, lambda done, layer: progress.update(task, completed=done, description=layer)
        )


def write_results(
    records: Sequence[Record], plan: Plan, args: argparse.Namespace, below: Panel | None = None
) -> None:
    """Write the records and the picture that are asked for; see `plot` for `below`."""
    files: dict[Path, Writer] = {}
    if args.json is not None:
        files[args.json] = partial(_write, dump_results(list(records)))
    if args.plot is not None:
        kinds = {w.id: w.kind for w in plan.jobs}
        picture = plot(records, args.plot, Bounds.of_host(), kinds, below)
        files[args.plot] = partial(_write, picture)
    write_files(files)


def show_records(records: Sequence[Record]) -> None:
    """Print the tables of the records."""
    show(records_table(records))
    print()
    if any(r.threads > 1 for r in records):
        show(scaling_table(records))
        print()


def _write_modules(plan: Plan, folder: Path) -> None:
    """Write C9-A2W1-host-packed.mlir and so on."""
    texts = {}
    for workload, settings in plan.jobs.items():
        for s in settings:
            name = f"{workload.id}-{s.pair}-{s.isa}-{s.out}.mlir"
            texts[folder / name] = (str(module_of(workload, s, plan.records)) + "\n").encode()
    check_writable(next(iter(texts)))
    write_files({path: partial(_write, text) for path, text in texts.items()})
    print(*texts, sep="\n")


def _write(text: bytes, file: BinaryIO) -> int:
    return file.write(text)
