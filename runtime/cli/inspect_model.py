"""What `lowbit inspect` says of a model: each layer, its kernel, and what stayed in floats."""

from __future__ import annotations

from math import prod
from pathlib import Path

from rich.table import Table
from xdsl.dialects.builtin import TensorType

from lowbit_dialect.layouts.packed import byte_count
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.schedule import ScheduleAttr
from lowering.importers.emitter import Record
from lowering.importers.lower_model import Model
from lowering.kernels.contraction import Contraction
from lowering.kernels.kernel_plan import KernelPlan
from lowering.pipeline import lower
from lowering.strategies import strategy_of
from lowering.targets import Target
from runtime.cli.console import count, show
from runtime.measure.predicted import predicted_mac_per_cycle


def report(path: Path, target: Target, strategy: str) -> None:
    """Print a table of the layers of a model, and totals.

    Raises:
        ValueError: the model is not supported; the message says where.
    """
    lowered = Model.open(path).lowered()
    records = lowered.converted.records
    module = lowered.module.clone()
    lower(module, target.name, "kernels", strategy)
    kernels = [op for op in module.walk() if isinstance(op, KernelOp)]
    layers = [record for record in records if record.values]
    table = Table("layer", "operator", "x", "weights", "kernel")
    for title in ("MAC", "bytes", "as f32", "MAC/cycle"):
        table.add_column(title, justify="right", no_wrap=True)
    totals = [0, 0, 0]
    for record, kernel in zip(layers, kernels, strict=True):
        numbers = _add_row(table, record, kernel, target)
        totals = [a + b for a, b in zip(totals, numbers, strict=True)]
    table.add_row("all", "", "", "", "", *map(count, totals), "", style="bold")
    show(table)
    floats = [record for record in records if record.why_float]
    inside = len(records) - len(floats)
    print(f"{inside} of {len(records)} nodes have integers or are part of their glue")
    for record in floats:
        print(f"in floating point: {record.node} ({record.operator}): {record.why_float}")


def _add_row(table: Table, record: Record, op: KernelOp, target: Target) -> tuple[int, int, int]:
    """Add the row of a layer; its MAC, packed bytes, and bytes of weights as f32."""
    x, w = op.codes
    weights, schedule = op.operands[1].type, op.properties.get("schedule")
    assert isinstance(weights, TensorType)
    assert isinstance(schedule, ScheduleAttr), "every kernel has one at the end of level 2"
    name = strategy_of(op).name
    problem = Contraction.of_kernel(op, target)
    rate = predicted_mac_per_cycle(problem, KernelPlan(name, schedule), target)
    macs, packed = op.geometry.macs, byte_count(weights)
    plain = 4 * prod(weights.get_shape())
    table.add_row(
        *(record.node, record.operator, str(x), str(w), name),
        *map(count, (macs, packed, plain)),
        "-" if rate is None else f"{rate:.0f}",
    )
    return macs, packed, plain
