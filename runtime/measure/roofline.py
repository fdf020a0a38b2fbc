"""A picture of a benchmark: a roofline."""

# pyright: reportMissingImports=false
# matplotlib is an extra; type checks must pass without it.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from math import atan2, degrees
from pathlib import Path
from typing import Any

from lowering.targets import Target, get_target
from runtime.measure.ceilings import Ceiling, bandwidths, peaks
from runtime.measure.record import Record

FORMATS = (".svg", ".png", ".pdf")
"""Endings of the files that can be drawn."""
_MARKERS = {"3x3": "o", "1x1": "s", "product": "D"}
_OTHER_MARKER = "^"
_INK, _SOFT = "#1f2933", "#7b8794"


class PlotError(ValueError):
    """The picture cannot be drawn here."""


def check_plot(path: Path) -> None:
    """Find out before long work that a picture cannot be drawn.

    Raises:
        PlotError: the ending is of no known format, or matplotlib is not installed.
    """
    if path.suffix not in FORMATS:
        raise PlotError(f"{path}: expected a name that ends in {', '.join(FORMATS)}")
    _matplotlib()


def _matplotlib() -> Any:
    try:
        import matplotlib  # noqa: PLC0415
    except ImportError as error:
        raise PlotError(
            "--plot needs matplotlib: pip install 'lowbit[bench]' installs it"
        ) from error
    return matplotlib


def matplotlib_figure(**arguments: Any) -> Any:
    """A figure without a window.

    Raises:
        PlotError: matplotlib is not installed.
    """
    _matplotlib().use("Agg")
    from matplotlib.figure import Figure  # noqa: PLC0415

    return Figure(**arguments)


@dataclass(frozen=True)
class Bounds:
    """What the roofline is drawn with: MAC/cycle, and bytes a cycle."""

    peaks: Sequence[Ceiling]
    bandwidths: Sequence[Ceiling]

    @staticmethod
    def of_host() -> Bounds:
        """Those of this machine; takes some tenths of a second."""
        target: Target = get_target("host")
        return Bounds(peaks(target), bandwidths())


Panel = Callable[[Any, Sequence[Record], Mapping[str, Any]], None]
"""Draws records into axes of matplotlib, with a colour for each pair."""


def drawn_records(records: Sequence[Record]) -> list[Record]:
    """The records that a roofline shows: one thread, with the host's own instructions."""
    return [r for r in records if r.threads == 1 and r.isa == "host" and r.bytes]


def plot(
    records: Sequence[Record],
    path: Path,
    bounds: Bounds,
    kinds: dict[str, str],
    below: Panel | None = None,
) -> bytes:
    """The picture as the bytes of a file of the kind that its name says.

    Args:
        records: what was measured; those of one thread on the whole host are drawn.
        path: names the format.
        bounds: the roof.
        kinds: `Workload.kind` of each layer.
        below: draws a second picture below the roofline.

    Raises:
        PlotError: matplotlib is not installed, or there is nothing to draw.
    """
    drawn = drawn_records(records)
    if not drawn:
        raise PlotError("--plot: no record of one thread with the host's own instructions")
    matplotlib = _matplotlib()
    matplotlib.use("Agg")
    from matplotlib.figure import Figure  # noqa: PLC0415

    rows = 2 if below else 1
    # Text stays text in an SVG, and the same records give the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "lowbit"}):
        figure = Figure(figsize=(11, 6.5 + 4.5 * (rows - 1)), layout="constrained")
        axes = figure.subplots(rows, 1, squeeze=False, height_ratios=[6.5, 4.5] if below else [1])
        _draw_roofline(axes[0, 0], drawn, bounds, kinds)
        if below:
            below(axes[1, 0], drawn, _colours(drawn))
        figure.draw_without_rendering()
        _label_slopes(axes[0, 0], bounds.bandwidths)
        data = BytesIO()
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure.savefig(data, format=path.suffix[1:], dpi=130, metadata=metadata)
    return data.getvalue()


def _colours(records: Sequence[Record]) -> dict[str, Any]:
    import matplotlib  # noqa: PLC0415

    pairs = list(dict.fromkeys(r.pair for r in records))
    palette = matplotlib.colormaps["tab10" if len(pairs) <= 10 else "tab20"].colors
    return {pair: palette[i % len(palette)] for i, pair in enumerate(pairs)}


def _draw_roofline(
    axes: Any, records: Sequence[Record], bounds: Bounds, kinds: dict[str, str]
) -> None:
    """MAC/cycle over MAC/byte, both logarithmic."""
    from matplotlib.ticker import LogLocator, NullLocator  # noqa: PLC0415

    colours = _colours(records)
    xs = [_intensity(r) for r in records]
    ys = [r.mac_per_cycle for r in records]
    roof = max(c.value for c in bounds.peaks)
    left, right = min(*xs, 2) / 1.6, max(xs) * 1.8
    low, high = min(ys) / 1.8, max(*ys, roof) * 1.6
    axes.set(xscale="log", yscale="log", xlim=(left, right), ylim=(low, high))
    for ceiling in bounds.peaks:
        start = ceiling.value / max(b.value for b in bounds.bandwidths)
        axes.plot([max(start, left), right], [ceiling.value] * 2, color=_INK, lw=0.9, ls="--")
        axes.text(
            *(right * 1.03, ceiling.value, f"{ceiling.value:.0f}: {ceiling.label}"),
            **{"va": "center", "fontsize": 8, "color": _INK},
        )
    for bandwidth in bounds.bandwidths:
        axes.plot([left, right], [left * bandwidth.value, right * bandwidth.value], color=_SOFT)
    for r, x, y in zip(records, xs, ys, strict=True):
        marker = _marker(kinds[r.id])
        axes.plot(x, y, marker, color=colours[r.pair], ms=6, mec="white", mew=0.5, zorder=3)
    _label_layers(axes, records, colours)
    for pair, colour in colours.items():
        axes.plot([], [], "o", color=colour, label=pair)
    for kind in dict.fromkeys(kinds[r.id] for r in records):
        axes.plot([], [], _marker(kind), color=_SOFT, label=kind)
    axes.legend(loc="lower right", ncols=2, fontsize=8, framealpha=0.9)
    axes.grid(True, which="major", color="#e4e7eb", lw=0.6)
    axes.set_xlabel("MAC for each byte of packed inputs, weights and outputs")
    axes.set_ylabel("MAC/cycle, one thread")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())
    about = records[0].machine
    axes.set_title(
        f"Roofline of {about.get('cpu', 'this machine')} ({about.get('llvm_cpu', '')})", fontsize=11
    )


def _label_layers(axes: Any, records: Sequence[Record], colours: dict[str, Any]) -> None:
    """The name of each layer at its fastest point; neighbours at different heights."""
    best: dict[str, Record] = {}
    for r in records:
        if r.id not in best or r.mac_per_cycle > best[r.id].mac_per_cycle:
            best[r.id] = r
    for number, r in enumerate(sorted(best.values(), key=_intensity)):
        axes.annotate(
            *(r.id, (_intensity(r), r.mac_per_cycle)),
            **{"xytext": (0, 8 + 10 * (number % 2)), "textcoords": "offset points"},
            **{"ha": "center", "fontsize": 8, "color": colours[r.pair]},
        )


def _marker(kind: str) -> str:
    return _MARKERS.get(kind, _OTHER_MARKER)


def _intensity(record: Record) -> float:
    return record.mac_per_cycle * record.cycles / record.bytes


def _label_slopes(axes: Any, bandwidths: Sequence[Ceiling]) -> None:
    """The name of each bandwidth along its line, where that enters the picture from the left.

    The angle is that on the paper, so the axes must have got their place.
    """
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    for bandwidth in bandwidths:
        x = max(left, low / bandwidth.value) * 1.08
        if x >= right or x * bandwidth.value >= high:
            continue
        ends = [(x, x * bandwidth.value), (2 * x, 2 * x * bandwidth.value)]
        (x0, y0), (x1, y1) = axes.transData.transform(ends)
        axes.text(
            *(
                x,
                x * bandwidth.value * 1.06,
                f"{bandwidth.label}: {bandwidth.value:.0f} bytes/cycle",
            ),
            **{"rotation": degrees(atan2(y1 - y0, x1 - x0)), "rotation_mode": "anchor"},
            **{"ha": "left", "va": "bottom", "fontsize": 8, "color": _SOFT},
        )
