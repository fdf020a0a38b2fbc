"""Show a module at every level, the assembly of its stages, and what they cost.

Of an ONNX model, without --level, it shows a row for each layer: the codes of activations and
weights, the kernel, multiply-accumulates, bytes of packed weights and of the same as f32, and the
MAC/cycle that the cost model predicts; and which nodes compute in floating point, and why.

The table at the end has a row for each stage of each function:

  parts         independent parts that threads can share
  MAC           nominal multiply-accumulates, those in the padding counted
  weights       bytes of packed weights
  instr.        instructions in the whole stage
  spills        vector registers stored to / reloaded from the stack
  in loops      those of them in innermost loops
  busiest loop  instructions of the innermost loop that multiplies most, by kind
  cycles        of an iteration of that loop, by the throughput of the target
  limit         what such an iteration waits for
  MAC/cycle     what the stage reaches if that loop does, from L1: an upper bound

The line below it says how much machine code the whole module has. Stages that compute the same with
other weights and tables share one function.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from rich.table import Table
from xdsl.dialects import func, llvm
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation

from lowering.pipeline import LEVELS
from lowering.targets import get_target
from runtime.analysis.levels import Levels, StageReport
from runtime.analysis.mca import mca_report
from runtime.cli.arguments import add_entry, add_file, add_strategy, add_target
from runtime.cli.console import count, show
from runtime.cli.elide import elide
from runtime.source import read_module

ASSEMBLY, SUMMARY, MCA = "asm", "summary", "mca"
_TENSOR_LEVELS = ("tensors", "kernels")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `lowbit inspect`."""
    add_file(parser)
    add_target(parser)
    add_strategy(parser)
    add_entry(parser)
    parser.add_argument(
        "--function",
        metavar="STAGE",
        help="one function of the lower levels, as the table names it",
    )
    parser.add_argument(
        "--level",
        choices=(*LEVELS, ASSEMBLY, SUMMARY, MCA),
        help="show this only (default: all but mca, the summary last); mca is what llvm-mca says"
        " of the busiest loop of each stage that multiplies",
    )


def execute(args: argparse.Namespace) -> int:
    """Run the command."""
    target = get_target(args.target)
    if args.function is not None and args.level in _TENSOR_LEVELS:
        raise ValueError(f"--function names a function of lower levels than {args.level}")
    if args.file.suffix.lower() == ".onnx" and args.level is None:
        from runtime.cli.inspect_model import report  # noqa: PLC0415

        report(args.file, target, args.strategy)
        return 0
    module = read_module(args.file)
    levels = Levels.of(module, target, args.level if args.level in LEVELS else None, args.strategy)
    shown = _Selection(levels, args.entry, args.function)
    for name, lowered in levels.modules.items():
        if args.level in (None, name):
            _print_heading(f"level {name}, target {target.name}")
            for op in lowered.body.block.ops:
                if shown.has_op(name, op):
                    print(elide(str(op)))
            print()
    if args.level in (None, ASSEMBLY):
        _print_heading(f"assembly, target {target.name}")
        for function in levels.assembly.values():
            if shown.has_lowered(function.name):
                print(function.text)
    if args.level in (None, SUMMARY):
        _print_heading(f"stages, target {target.name}")
        reports = [stage for s in levels.signatures for stage in levels.stages(s)]
        show(_table([report for report in reports if shown.has_lowered(report.name)]))
        functions = len({levels.code[report.name] for report in reports})
        print(
            f"code of the module: {count(levels.code_bytes())} bytes;"
            f" {len(reports)} stages, {functions} functions with their loops"
        )
    if args.level == MCA:
        for name, work in levels.work.items():
            if work.total and shown.has_lowered(name):
                _print_heading(f"llvm-mca of {name}, target {target.name}")
                print(mca_report(levels.assembly_of(name), target))
    return 0


class _Selection:
    """The functions that --entry and --function leave."""

    def __init__(self, levels: Levels, entry: str | None, stage: str | None):
        """Check the names; a ValueError lists those that there are."""
        ops = levels.modules["tensors"].body.block.ops
        functions = [*levels.launches] or [
            op.sym_name.data for op in ops if isinstance(op, func.FuncOp)
        ]
        if entry is not None and entry not in functions:
            raise ValueError(f"no function @{entry}: the module has {_listed(functions)}")
        self.entries = functions if entry is None else [entry]
        self.lowered = {
            name
            for entry, stages in levels.launches.items()
            if entry in self.entries
            for name in (entry, *stages)
        }
        if stage is not None:
            if stage not in self.lowered:
                raise ValueError(f"no stage @{stage}: there are {_listed(sorted(self.lowered))}")
            self.lowered = {stage}
        self.lowered |= {levels.code.get(name, name) for name in self.lowered}
        self.is_single = stage is not None

    def has_lowered(self, name: str) -> bool:
        """Whether a function of a level below tensors is shown."""
        return name in self.lowered

    def has_op(self, level: str, op: Operation) -> bool:
        """Whether an operation of a module is shown: a function, or what they share."""
        name = op.properties.get("sym_name")
        if not isinstance(op, func.FuncOp | llvm.FuncOp) or not isinstance(name, StringAttr):
            return not self.is_single
        if level in _TENSOR_LEVELS:
            return name.data in self.entries
        return name.data in self.lowered


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"@{name}" for name in names) or "none"


def _print_heading(text: str) -> None:
    print(f"// ---- {text} ----\n")


def _table(reports: list[StageReport]) -> Table:
    table = Table("stage")
    for title in ("parts", "MAC", "weights", "instr.", "spills", "in loops"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("busiest loop")
    table.add_column("cycles", justify="right", no_wrap=True)
    table.add_column("limit")
    table.add_column("MAC/cycle", justify="right", no_wrap=True)
    for report in reports:
        contraction, guess = report.contraction, report.estimate
        table.add_row(
            report.name,
            count(report.extent),
            count(contraction.macs) if contraction else "",
            count(contraction.weight_bytes) if contraction else "",
            count(report.instructions),
            str(report.spills),
            str(report.loop_spills),
            str(report.loop),
            f"{guess.cycles:.1f}" if guess else "",
            guess.limit if guess else "",
            f"{guess.mac_per_cycle:.1f}" if guess else "",
        )
    return table
