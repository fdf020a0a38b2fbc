"""Measure which strategy and schedule suit a kernel best on this machine, and keep the answer.

Kernels are those of known layers (--id, --pair, --all) or of a module (FILE.mlir). Every candidate
is compiled, compared with the reference and timed in a process of its own, which may abort or hang
without harm. The best one of each kernel becomes a line of the record file, which `--records` of
the other commands reads.

A search that is kept in a --storage can be interrupted and resumed, and several processes and
machines with CPUs of one kind can work on it at once: start the same command on each.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from itertools import product
from json import dumps
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp
from lowering.kernels.contraction import SUMS, Contraction
from lowering.kernels.prediction import predicted_cycles
from lowering.kernels.records import TuningRecord, append_records, load_records
from lowering.kernels.schedule_space import strategies
from lowering.record_sources import SHIPPED, SHIPPED_RECORDS, shipped_path
from lowering.strategies import strategy_choices
from lowering.targets import ISA_CLASSES, get_target
from runtime.cli.arguments import positive
from runtime.cli.bench import DEFAULT_PAIRS
from runtime.cli.console import count, show
from runtime.cli.files import check_writable
from runtime.cli.machines import add_machines, check_machines, open_runners
from runtime.measure.layer import OUTPUTS, codes_of
from runtime.measure.workloads import load_workloads, select
from runtime.source import read_module
from runtime.tuner.search import SAMPLERS, Budget, Result, Search
from runtime.tuner.search import Progress as Found
from runtime.tuner.storage import import_optuna, open_storage, open_study
from runtime.tuner.task import Task

ALL = (*(f"C{i}" for i in range(2, 13)), "G1024")
"""What --all tunes: the convolutions of a ResNet18 but its first, and a large matrix product."""


def _positive_seconds(text: str) -> float:
    """A positive number, as an argparse type."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text!r}")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `lowbit tune`."""
    what = parser.add_argument_group("what to tune")
    what.add_argument(
        "file", metavar="FILE.mlir", type=Path, nargs="?", help="a module: all its contractions"
    )
    what.add_argument("--id", action="append", metavar="C9", help="a known layer; repeatable")
    what.add_argument(
        "--all", action="store_true", help=f"the known layers {ALL[0]} .. {ALL[-2]} and {ALL[-1]}"
    )
    what.add_argument(
        "--pair",
        action="append",
        metavar="A2W1",
        help="bits of activations and weights of known layers; repeatable"
        f" (default: {' '.join(DEFAULT_PAIRS)})",
    )
    what.add_argument(
        "--out",
        action="append",
        choices=OUTPUTS,
        help="what known layers store; repeatable (default: packed)",
    )
    what.add_argument(
        "--isa",
        action="append",
        choices=("host", *ISA_CLASSES),
        help="use the host as if its vector instructions ended there; repeatable (default: host)",
    )
    what.add_argument(
        "--workloads", type=Path, metavar="FILE", help="a JSON list of layers (default: our own)"
    )
    search = parser.add_argument_group("how to search")
    search.add_argument(
        "--strategy",
        choices=strategy_choices(),
        default="auto",
        help="how contractions are computed (default: auto, all that may pay)",
    )
    search.add_argument(
        "--trials",
        type=positive,
        default=64,
        metavar="N",
        help="candidates measured for each kernel, those of earlier runs and of others who work"
        " on the study included (default: 64)",
    )
    search.add_argument(
        "--timeout", type=_positive_seconds, metavar="S", help="seconds to search for each kernel"
    )
    search.add_argument(
        "--sampler",
        choices=SAMPLERS,
        default="auto",
        help="grid measures every schedule, in the order of the cost model; tpe learns; auto (the"
        " default) is grid where --trials suffices for it",
    )
    search.add_argument(
        "--seed", type=int, metavar="N", help="makes the sampler's proposals repeatable"
    )
    search.add_argument(
        "--seconds",
        type=_positive_seconds,
        default=0.05,
        metavar="S",
        help="how long each candidate is timed (default: 0.05)",
    )
    search.add_argument(
        "--time-limit",
        type=_positive_seconds,
        default=60.0,
        metavar="S",
        help="seconds after which a candidate counts as hanging (default: 60)",
    )
    search.add_argument(
        "--jobs",
        type=positive,
        metavar="N",
        help="candidates measured at once, each on a CPU of its own (default: 1)",
    )
    add_machines(parser.add_argument_group("which machine (default: this one)"))
    where = parser.add_argument_group("where it is kept")
    where.add_argument(
        "--records",
        default="records.jsonl",
        metavar="FILE",
        help="where the best kernels are appended (default: records.jsonl);"
        f" {SHIPPED_RECORDS}: where lowbit keeps its own",
    )
    where.add_argument(
        "--storage",
        metavar="URL",
        help="keeps the study: sqlite:///FILE, another database, or journal:FILE",
    )
    where.add_argument(
        "--study", default="lowbit", metavar="NAME", help="its name in there (default: lowbit)"
    )


def execute(args: argparse.Namespace) -> int:
    """Run the command; 1 where a kernel has no candidate that works, 130 after an interrupt."""
    import_optuna()  # before long work
    check_machines(args)
    tasks = list(_tasks(args))
    for task in tasks:
        _check_strategy(task, args.strategy)
        check_writable(_record_path(args.records, task))
    storage = open_storage(args.storage)
    results: list[Result] = []
    failures: list[str] = []
    interrupted = False
    with ExitStack() as stack:
        runners = open_runners(args, stack)
        progress = stack.enter_context(_progress())
        overall = progress.add_task("kernels", total=len(tasks))
        for task in tasks:
            study = open_study(storage, _study_name(args.study, task, args.strategy), args.seed)
            budget = Budget(args.trials, args.timeout, args.seconds)
            search = Search(task, study, budget, args.strategy, args.sampler, args.seed)
            bar = progress.add_task(task.name, total=min(args.trials, len(search.space)))

            def notify(found: Found, bar=bar, task=task) -> None:
                progress.update(bar, completed=found.done, description=_status(task, found))

            search.notify = notify
            try:
                search.run(runners)
                result = search.result(runners[0])
            except KeyboardInterrupt:
                interrupted, result = True, search.result()
            failures += [f"{task.name}: {what}: {why}" for what, why in search.failures()]
            progress.remove_task(bar)
            progress.advance(overall)
            if result is not None:
                results.append(result)
                _keep(_record_path(args.records, task), result)
            if interrupted:
                break
    console = Console(stderr=True, highlight=False, markup=False)
    for failure in failures:
        console.print(f"failed: {failure}", soft_wrap=True)
    show(_table(results))
    if interrupted:
        console.print("interrupted; what was found until then is kept")
        return 130
    return 0 if len(results) == len(tasks) else 1


def _tasks(args: argparse.Namespace) -> Iterator[Task]:
    """The kernels that the arguments name."""
    targets = [args.target] if args.target else [_target(isa) for isa in args.isa or ["host"]]
    seed = args.seed or 0
    if args.file is not None:
        if args.id or args.all or args.pair or args.out:
            raise ValueError("FILE.mlir does not go with --id, --all, --pair and --out")
        problems = _problems_of(args.file)
        for target, problem in product(targets, problems):
            yield Task(f"{_title(problem)} {target}", problem, target, seed)
        return
    if not (args.id or args.all):
        raise ValueError("nothing to tune: name FILE.mlir, --id or --all")
    workloads = select(
        load_workloads(args.workloads), [*(ALL if args.all else ()), *(args.id or ())]
    )
    for target, pair, workload, out in product(
        targets, args.pair or DEFAULT_PAIRS, workloads, args.out or OUTPUTS[:1]
    ):
        x_code, w_code = codes_of(pair)
        stored = SUMS if out == "i32" else str(x_code)
        problem = Contraction(x_code, w_code, workload.geometry, workload.is_matmul, stored=stored)
        yield Task(f"{workload.id} {pair.upper()} {out} {target}", problem, target, seed)


def _problems_of(path: Path) -> list[Contraction]:
    module = read_module(path)
    found = [Contraction.of(op) for op in module.walk() if isinstance(op, Conv2DOp | MatmulOp)]
    if not found:
        raise ValueError(f"{path}: no lowbit.conv2d or lowbit.matmul to tune")
    return list(dict.fromkeys(found))


def _title(problem: Contraction) -> str:
    """A problem in a few words."""
    g, codes = problem.geometry, f"{problem.x} {problem.w}"
    if problem.is_matmul:
        return f"matmul {g.cols.extent}x{g.ic}x{g.oc} {codes}"
    image = f"{g.rows.extent}x{g.cols.extent}x{g.ic}"
    return f"conv2d {image} to {g.oc}, {g.rows.taps}x{g.cols.taps}, {codes}"


def _target(isa: str) -> str:
    name = "host" if isa == "host" else f"host+{isa}"
    get_target(name)
    return name


def _check_strategy(task: Task, strategy: str) -> None:
    """Raise a ValueError that names the kernel where the strategy cannot take it."""
    try:
        strategies(task.problem, get_target(task.target), strategy)
    except ValueError as error:
        raise ValueError(f"{task.name}: {error}") from None


def _study_name(prefix: str, task: Task, strategy: str) -> str:
    """Names what is measured and on which CPU: only such figures compare."""
    facts = [task.problem.to_json(), get_target(task.target).cpu, strategy, task.seed]
    return f"{prefix}/{task.name} {sha256(dumps(facts).encode()).hexdigest()[:8]}"


def _record_path(records: str, task: Task) -> Path:
    if records != SHIPPED_RECORDS:
        return Path(records)
    cpu = get_target(task.target).cpu
    if cpu not in SHIPPED:
        raise ValueError(f"--records shipped: there are files for {', '.join(SHIPPED)}, not {cpu}")
    return shipped_path(cpu)


def _keep(path: Path, result: Result) -> None:
    """Append the best kernel to the records, unless they end with it."""
    task, target = result.task, get_target(result.task.target)
    predicted = predicted_cycles(task.problem, result.best, target)
    record = TuningRecord(
        target.cpu,
        task.problem,
        result.best.strategy,
        result.best.schedule,
        result.cycles,
        result.mac_per_cycle,
        task.problem.geometry.macs / predicted,
        version("lowbit"),
        datetime.now(UTC).date().isoformat(),
    )
    same = [
        r
        for r in (load_records(path) if path.is_file() else ())
        if (r.target, r.problem, r.strategy) == (record.target, record.problem, record.strategy)
    ]
    measured = {"cycles": 0.0, "mac_per_cycle": 0.0, "date": "", "version": "", "predicted": 0.0}
    if not same or replace(same[-1], **measured) != replace(record, **measured):
        append_records(path, [record])


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _status(task: Task, found: Found) -> str:
    """What is being tuned, and the best so far."""
    if found.best is None:
        return task.name
    speed = task.problem.geometry.macs / found.cycles
    tile = f"{found.best.schedule.pixels.data}x{found.best.schedule.vectors.data}"
    return f"{task.name}: {speed:.0f} MAC/cycle, {found.best.strategy} {tile}"


def _table(results: Sequence[Result]) -> Table:
    table = Table("kernel", "strategy", "schedule")
    for name in ("cycles", "MAC/cycle", "predicted", "cost model's choice", "gain"):
        table.add_column(name, justify="right")
    for r in results:
        macs = r.task.problem.geometry.macs
        predicted = macs / predicted_cycles(r.task.problem, r.best, get_target(r.task.target))
        model = f"{macs / r.model_cycles:.0f}" if r.model_cycles else "failed"
        gain = f"{100 * (r.model_cycles / r.cycles - 1):.0f} %" if r.model_cycles else ""
        schedule = str(r.best.schedule).removeprefix("#lowbit.schedule")
        numbers = (count(r.cycles), f"{r.mac_per_cycle:.0f}", f"{predicted:.0f}", model, gain)
        table.add_row(r.task.name, r.best.strategy, schedule, *numbers)
    return table
