"""The layers that are timed: the convolutions of ResNet18 and their matrix products."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from lowbit_dialect.arguments import integer
from lowbit_dialect.geometry import ConvGeometry, Window


@dataclass(frozen=True)
class Workload:
    """A layer by its name; `is_matmul` tells a matrix product from a 1x1 convolution."""

    id: str
    geometry: ConvGeometry
    is_matmul: bool = False

    @property
    def kind(self) -> str:
        """What a table or a picture tells apart: `product`, or the size of the filter."""
        if self.is_matmul:
            return "product"
        return f"{self.geometry.rows.taps}x{self.geometry.cols.taps}"


def _convolution(entry: dict[str, Any]) -> Workload:
    given = entry["padding"]
    before, after = given if isinstance(given, list) else (given, given)
    padding = integer(before, "padding"), integer(after, "padding")
    kernel, stride = _extent(entry, "kernel"), _extent(entry, "stride")
    rows, cols = (
        Window(_extent(entry, name), kernel, stride, *padding) for name in ("height", "width")
    )
    channels = _extent(entry, "in_channels"), _extent(entry, "out_channels")
    return Workload(str(entry["id"]), ConvGeometry(1, rows, cols, *channels))


def _gemm(entry: dict[str, Any]) -> Workload:
    extents = (_extent(entry, name) for name in "MKN")
    return Workload(str(entry["id"]), ConvGeometry.of_matmul(*extents), is_matmul=True)


def _extent(entry: dict[str, Any], name: str) -> int:
    """A number of an entry that is at least 1."""
    extent = integer(entry[name], name)
    if extent < 1:
        raise ValueError(f"{name}: expected an integer from 1 on, got {extent}")
    return extent


def select(workloads: Sequence[Workload], ids: Sequence[str]) -> list[Workload]:
    """The workloads of these ids, each once.

    Raises:
        ValueError: there is none of an id.
    """
    by_id = {w.id: w for w in workloads}
    unknown = [i for i in ids if i not in by_id]
    if unknown:
        raise ValueError(f"no workload {unknown[0]!r}: there are {', '.join(by_id)}")
    return [by_id[i] for i in dict.fromkeys(ids)]


def load_workloads(path: Path | None = None) -> list[Workload]:
    """The workloads of a file, or the project's own.

    Raises:
        ValueError: the file cannot be read or is not of this form; the message names it.
    """
    source = path if path is not None else files("runtime.measure") / "workloads.json"
    try:
        data = json.loads(source.read_text())
        return [
            *(_convolution(e) for e in data["resnet18_convs"]),
            *(_gemm(e) for e in data["gemms"]),
        ]
    except OSError as error:
        raise ValueError(f"{source}: {error.strerror}") from error
    except KeyError as error:
        raise ValueError(f"{source}: not a list of workloads: no entry {error}") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{source}: not a list of workloads: {error}") from error
