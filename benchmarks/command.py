"""Measure kernels, and compare them with their goals and with other libraries.

Without arguments all layers and pairs that have goals for this class of machine are timed; --id,
--pair and --isa choose among them. How layers are timed, and the columns of the first table, are
explained by `lowbit bench --help`.

With --peers other libraries compute the same layers in the same run: each in a process of its own,
one thread, all on one core, warmed up, in turn with ours, in several generations of processes.
OpenVINO's binary convolution is timed by its own counters, for its kernel alone; its 3x3 results
are wrong, which the table says.

With --network a whole network is timed, image by image on one thread: --pair, --glue, --size and
--peers choose what, --json takes the records.

With --target the kernels are modelled for an ARM processor, beside the goals of their inner loops,
figures published for four Cortex-A53 (per core, measured), and a kernel of 16-bit integers by the
same passes, LLVM and model.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from benchmarks.goals import goal_settings
from benchmarks.int16.model import model_with_int16
from benchmarks.machine_class import machine_class
from benchmarks.model_goals import goal_layers, goal_pairs
from benchmarks.model_tables import (
    ON_CORTEX_A53,
    int16_table,
    missed_models_table,
    model_goals_line,
    model_goals_table,
    published_table,
)
from benchmarks.networks.command import add_network_arguments, execute_network
from benchmarks.peers import PEERS, Peer
from benchmarks.peers.workers import peer_workers
from benchmarks.ratios_plot import compared_records, draw_ratios
from benchmarks.tables import (
    MARKS_LINE,
    goals_line,
    goals_table,
    missed_table,
    peers_table,
    ratios_tables,
)
from lowering.support.interrupts import exit_code as interruptible
from runtime.cli.arguments import positive
from runtime.cli.bench import (
    add_layer_arguments,
    check_jobs,
    measure,
    show_records,
    variants,
    wanted_pairs,
    write_results,
)
from runtime.cli.bench_model import exit_code, model, model_jobs
from runtime.cli.command_line import Parser, run_command
from runtime.cli.console import show
from runtime.cli.model_tables import models_table
from runtime.measure.machine import machine
from runtime.measure.record import Record, Setting
from runtime.measure.session import Plan
from runtime.measure.workloads import Workload, load_workloads, select

DEFAULT_PROCESSES = 3
NETWORK_OPTIONS = ("network", "pair", "isa", "glue", "size", "peers", "json", "debug")
"""What goes with --network; every other option is for layers."""


def make_parser() -> Parser:
    """The arguments of `python -m benchmarks`."""
    parser = Parser(
        "python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    with_goals = "all that have goals"
    add_layer_arguments(parser, default_pairs=with_goals, default_isa=with_goals)
    parser.add_argument(
        "--peers", action="store_true", help="time other libraries on the same layers"
    )
    parser.add_argument(
        "--processes",
        type=positive,
        metavar="N",
        help=f"generations of processes with --peers (default: {DEFAULT_PROCESSES})",
    )
    add_network_arguments(parser)
    parser.add_argument(
        "--debug", action="store_true", help="show the Python traceback of an error"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command on arguments, or on those of the process, and return its exit code.

    0 is success, 1 a wrong output or a failure told in one line on stderr, 2 wrong arguments, 130
    an interrupt.
    """
    args = make_parser().parse_args(arguments)
    return interruptible(lambda: run_command(lambda: execute(args), args.debug))


def execute(args: argparse.Namespace) -> int:
    """Run the command; 1 where an output was wrong."""
    if args.network:
        _refuse_options_of_layers(args)
        return execute_network(args)
    if args.target:
        return _execute_models(args)
    plan, peers = _plan(args)
    outcome = measure(plan, args)
    versions = {peer.name: peer.version() for peer in peers}
    records = [_with_versions(record, versions) for record in outcome.records]
    compared = compared_records(records)
    write_results(records, plan, args, draw_ratios if compared else None)
    _print(records)
    for note in outcome.notes:
        print(f"warning: {note}", file=sys.stderr)
    return 0 if all(r.checked for r in records) else 1


def _refuse_options_of_layers(args: argparse.Namespace) -> None:
    """Refuse the options of layers beside --network.

    Raises:
        ValueError: an option of layers is given, with another value than its default.
    """
    parser = make_parser()
    for name, value in vars(args).items():
        if name not in NETWORK_OPTIONS and value != parser.get_default(name):
            raise ValueError(f"--{name} is for layers: it does not go with --network")


def _jobs(args: argparse.Namespace) -> dict[Workload, list[Setting]]:
    """The layers that have goals, each with its settings, as far as they are asked for.

    Raises:
        ValueError: there is no such layer or pair, or there are no goals for them.
    """
    workloads = load_workloads(args.workloads)
    select(workloads, args.id or ())
    by_id, pairs, jobs = {w.id: w for w in workloads}, wanted_pairs(args), {}
    for layer, settings in goal_settings(machine_class(machine()), args.peers).items():
        wanted = [
            s
            for s in settings
            if (not pairs or s.pair in pairs) and (not args.isa or s.isa in args.isa)
        ]
        if wanted and layer in by_id and (not args.id or layer in args.id):
            jobs[by_id[layer]] = variants(wanted, args)
    if not jobs:
        raise ValueError("there are no goals for these arguments on this machine")
    return jobs


def _plan(args: argparse.Namespace) -> tuple[Plan, list[Peer]]:
    """What is to be measured, and the libraries beside it.

    Raises:
        ValueError: arguments that do not fit each other, or name nothing.
    """
    if args.peers and args.threads and args.threads > 1:
        raise ValueError("--threads goes without --peers, which are timed on one thread")
    if args.processes and not args.peers:
        raise ValueError("--processes goes with --peers")
    jobs = _jobs(args)
    check_jobs(jobs, args)
    peers, plan = (
        _peers() if args.peers else [],
        Plan(jobs, args.seconds, records=str(args.records)),
    )
    if peers:
        plan = replace(
            plan,
            processes=args.processes or DEFAULT_PROCESSES,
            open_workers=partial(peer_workers, peers),
        )
    return plan, peers


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


def _with_versions(record: Record, versions: dict[str, str]) -> Record:
    """A record that also names the versions of the libraries beside it."""
    about = dict(record.machine)
    return replace(record, machine={**about, "versions": {**about["versions"], **versions}})


def _print(records: list[Record]) -> None:
    """Print all tables that have rows."""
    show_records(records)
    tables = [goals_table(records)]
    if any(r.peers for r in records):
        tables += [peers_table(records), *ratios_tables(records)]
    summary, missed = goals_line(records)
    if missed:
        tables.append(missed_table(missed))
    for table in tables:
        if table.row_count:
            show(table)
            print()
    if any(r.peers for r in records):
        print(MARKS_LINE)
    print(summary)


def _execute_models(args: argparse.Namespace) -> int:
    """Model the kernels; 1 where an output was wrong, or a kernel did not run."""
    outcome = model(model_jobs(args, goal_layers(), goal_pairs), args, model_with_int16)
    records = outcome.records
    for table in (
        models_table(records),
        model_goals_table(records),
        int16_table(records),
        published_table(records, ON_CORTEX_A53),
        missed_models_table(records),
    ):
        if table.row_count:
            show(table)
            print()
    print(model_goals_line(records))
    return exit_code(outcome)
