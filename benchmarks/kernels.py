"""The kernels whose code is compared: codes, layers, strategies and targets, as data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lowbit_dialect.codes import parse_code
from lowbit_dialect.geometry import ConvGeometry, Window
from lowering.kernels.records import kernel_selector
from lowering.targets import get_target
from runtime.measure.layer import Layer
from runtime.measure.workloads import Workload, load_workloads

LIST = Path(__file__).parent / "kernels.json"
"""Named layers, and for each kernel its layer (or a workload of `lowbit bench`), the codes of x
and w, the strategy, the records, `packed` or `i32` results, and the targets."""


@dataclass(frozen=True)
class BenchmarkKernel:
    """A kernel on one target, as a module of tensors that every commit can read."""

    layer: str
    workload: Workload
    x: str
    w: str
    strategy: str
    records: str
    out: str
    target: str

    @property
    def name(self) -> str:
        """A name that can be a file's."""
        codes = (re.sub(r"[^a-z0-9]+", "", code.partition(",")[0]) for code in (self.x, self.w))
        return "-".join((self.layer, *codes, self.strategy, self.out, self.target))

    def module_text(self) -> str:
        """The module, with random constant weights and with glue that spreads the sums."""
        layer = Layer.of(self.workload, parse_code(self.x), parse_code(self.w))
        target = get_target(self.target)
        choice = kernel_selector(target, self.strategy, self.records)(layer.problem(self.out))
        return str(layer.module(self.out, choice.strategy, target))


def _workload(name: str, sizes: dict[str, int]) -> Workload:
    if "M" in sizes:
        geometry = ConvGeometry.of_matmul(sizes["M"], sizes["K"], sizes["N"])
        return Workload(name, geometry, is_matmul=True)
    rows, cols = (
        Window(sizes[extent], sizes["kernel"], sizes["stride"], sizes["padding"], sizes["padding"])
        for extent in ("height", "width")
    )
    channels = sizes["in_channels"], sizes["out_channels"]
    return Workload(name, ConvGeometry(1, rows, cols, *channels))


def load_kernels(path: Path = LIST) -> list[BenchmarkKernel]:
    """The kernels of a list, one for each target of an entry."""
    data = json.loads(path.read_text())
    workloads = {w.id: w for w in load_workloads()}
    workloads |= {name: _workload(name, sizes) for name, sizes in data["layers"].items()}

    def kernel(entry: dict[str, Any], target: str) -> BenchmarkKernel:
        layer = entry.get("layer") or entry["workload"]
        records, out = entry.get("records", "none"), entry.get("out", "packed")
        codes = entry["x"], entry["w"]
        return BenchmarkKernel(
            *(layer, workloads[layer], *codes, entry["strategy"], records, out, target)
        )

    return [kernel(entry, target) for entry in data["kernels"] for target in entry["targets"]]
