"""Time the kernels on known layers, every output compared with the reference.

Inputs are packed; outputs are packed too (packing counted, and thresholds, or shift and clip where
the result has more than 4 bits) or the i32 sums. Cycles are counted in a chain of dependent
additions timed beside each sample, so they do not depend on what the clock does. A MAC is a
full-width product: an A2W2 one counts once, taps in the padding count too. Settings of a layer are
timed in turn; the lower quartile counts.

With --peers other libraries compute the same layers in the same run: each in a process of its own,
one thread, all on one core, warmed up, in turn with ours, in several generations of processes.
OpenVINO's binary convolution is timed by its own counters, for its kernel alone; its 3x3 results
are wrong, which the table says.

With --target nothing is timed: the kernels are compiled for another processor, executed in an
emulator, compared with the reference, and the blocks that ran are costed by LLVM's model of the
processor (llvm-mca), which takes all data for close and all jumps for foreseen.

columns:
  predicted   MAC/cycle by the cost model
  goal        MAC/cycle to reach on a machine of this class (those of i32 are 5 % lower)
  compile     a compilation without the object cache
  from cache  one that finds the object there

columns with --target, rates in MAC/cycle:
  inner loop  the loop that does most of the products, by llvm-mca
  goal        for that loop
  does        its part of the products, loops with as many in an iteration counted
  products    what instructions multiply of what the layer has: less where taps in the padding are
              skipped, more where lanes hold no channel, or tables are filled by lookups
  whole call  by llvm-mca's cycles of every block, as often as it ran
  instr.      instructions that the emulator counted, and the part of them in that loop
  published   by others on four Cortex-A53, per core, measured; `times` is the whole call by that
  int16       a kernel of 16-bit integers by the same passes, LLVM and model, likewise
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from lowering.kernels.contraction import Contraction
from lowering.kernels.resolve_strategy import resolve_strategy
from lowering.strategies import strategy_choices
from lowering.targets import ISA_CLASSES
from runtime.bench.goals import goal_settings
from runtime.bench.machine import isa_name, usable_cores
from runtime.bench.measure import OUTPUTS, codes_of, module_of, target_of
from runtime.bench.model_goals import modelled_targets
from runtime.bench.peers import PEERS, Peer
from runtime.bench.plot import Bounds, check_plot, plot
from runtime.bench.record import Record, Setting
from runtime.bench.result_file import dump_results
from runtime.bench.session import Plan, run_plan, steps
from runtime.bench.workloads import Workload, load_workloads, select
from runtime.cli.arguments import add_records, positive
from runtime.cli.bench_model import execute_models
from runtime.cli.bench_tables import (
    MARKS_LINE,
    goals_line,
    goals_table,
    missed_table,
    peers_table,
    ratios_tables,
    records_table,
    scaling_table,
)
from runtime.cli.console import show
from runtime.cli.files import Writer, check_writable, write_files

DEFAULT_PROCESSES = 3
DEFAULT_PAIRS = ("A1W1", "A2W1", "A2W2", "A4W4")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `lowbit bench`."""
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
        help=f"bits of activations and weights; repeatable (default: {' '.join(DEFAULT_PAIRS)})",
    )
    parser.add_argument(
        "--isa",
        action="append",
        choices=("host", *ISA_CLASSES),
        help="use the host as if its vector instructions ended there; repeatable (default: host)",
    )
    parser.add_argument(
        "--target",
        action="append",
        metavar="T",
        help="an ARM processor to model instead of timing anything, such as"
        f" {', '.join(modelled_targets())}; repeatable",
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
        "--goals",
        action="store_true",
        help="all layers and pairs that have goals; --id, --pair and --isa choose among them",
    )
    parser.add_argument(
        "--threads",
        type=positive,
        metavar="N",
        help="also on N threads, and on four times as many as there are cores",
    )
    parser.add_argument(
        "--peers", action="store_true", help="time other libraries on the same layers"
    )
    parser.add_argument(
        "--processes",
        type=positive,
        metavar="N",
        help=f"generations of processes with --peers (default: {DEFAULT_PROCESSES})",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the records there")
    parser.add_argument(
        "--modules",
        type=Path,
        metavar="FOLDER",
        help="measure nothing: write the module of each setting there, for `lowbit inspect`",
    )
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
    pairs = [pair.upper() for pair in args.pair or ()]
    for pair in pairs:
        codes_of(pair)
    if not args.goals:
        ids = args.id or [w.id for w in by_id.values() if not w.is_matmul]
        plain = [
            Setting(p, isa) for p, isa in product(pairs or DEFAULT_PAIRS, args.isa or ["host"])
        ]
        return {by_id[i]: _variants(plain, args) for i in ids}
    jobs = {}
    for layer, settings in goal_settings(isa_name(), args.peers).items():
        wanted = [
            s
            for s in settings
            if (not pairs or s.pair in pairs) and (not args.isa or s.isa in args.isa)
        ]
        if wanted and layer in by_id and (not args.id or layer in args.id):
            jobs[by_id[layer]] = _variants(wanted, args)
    return jobs


def _variants(settings: list[Setting], args: argparse.Namespace) -> list[Setting]:
    """The settings with every output, strategy and number of threads that is asked for."""
    threads = [1]
    if args.threads and args.threads > 1:
        threads += [args.threads, max(4 * usable_cores(), args.threads + 1)]
    outs, strategies = args.out or ["packed"], args.strategy or ["auto"]
    return [
        replace(setting, out=out, strategy=strategy, threads=count)
        for setting, out, strategy, count in product(settings, outs, strategies, threads)
    ]


def _peers() -> list[Peer]:
    """The peers that are installed; the others are named on stderr."""
    found = []
    for peer in PEERS:
        line = peer.missing()
        if line is None:
            found.append(peer)
        else:
            print(line, file=sys.stderr)
    return found


def _plan(args: argparse.Namespace) -> Plan:
    """What is to be measured.

    Raises:
        ValueError: arguments that do not fit each other, or name nothing.
    """
    if not args.seconds > 0:
        raise ValueError(f"--seconds must be positive, got {args.seconds}")
    if args.peers and args.threads and args.threads > 1:
        raise ValueError("--threads goes without --peers, which are timed on one thread")
    if args.processes and not args.peers:
        raise ValueError("--processes goes with --peers")
    jobs = _jobs(args)
    if not jobs:
        raise ValueError("--goals: there are none for these arguments on this machine")
    for workload, settings in jobs.items():
        for setting in settings:
            _check_strategy(workload, setting)
    peers = _peers() if args.peers else []
    processes = (args.processes or DEFAULT_PROCESSES) if peers else 1
    return Plan(jobs, args.seconds, peers, processes, str(args.records))


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
    plan = _plan(args)
    if args.modules is not None:
        _write_modules(plan, args.modules)
        return 0
    for path in (args.json, args.plot):
        if path is not None:
            check_writable(path)
    if args.plot is not None:
        check_plot(args.plot)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=steps(plan))
        outcome = run_plan(
            plan, lambda done, layer: progress.update(task, completed=done, description=layer)
        )
    files: dict[Path, Writer] = {}
    if args.json is not None:
        files[args.json] = partial(_write, dump_results(outcome.records))
    if args.plot is not None:
        kinds = {w.id: w.kind for w in plan.jobs}
        picture = plot(outcome.records, args.plot, Bounds.of_host(), kinds)
        files[args.plot] = partial(_write, picture)
    write_files(files)
    _print(outcome.records, args.goals)
    for note in outcome.notes:
        print(f"warning: {note}", file=sys.stderr)
    return 0 if all(r.checked for r in outcome.records) else 1


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


def _print(records: list[Record], has_goals: bool) -> None:
    """All tables that have something in them."""
    _show(records_table(records))
    if any(r.peers for r in records):
        _show(peers_table(records))
        print(MARKS_LINE + "\n")
        for table in ratios_tables(records):
            if table.row_count:
                _show(table)
    if any(r.threads > 1 for r in records):
        _show(scaling_table(records))
    if has_goals:
        _show(goals_table(records))
    summary, missed = goals_line(records)
    if missed:
        _show(missed_table(missed))
    print(summary)


def _show(table: Table) -> None:
    show(table)
    print()
