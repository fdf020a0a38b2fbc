"""Find objects in a photo: a whole Tinier-YOLO as one function, from bytes to boxes.

    python examples/detect.py photo.jpg -o boxes.png

The stem and the head are convolutions of f32, the seven layers between them have weights of +-1 and
activations 0..7. The network's files (Xilinx/QNN-MO-PYNQ, BSD-3-Clause) are `tinier_yolo_w1a3.npz`
and `tinier_yolo_ends.npz` in the folder `tinier_yolo` of `--models`, or of what LOWBIT_MODELS
names. The second has `conv0_weight` (16, 3, 3, 3), `conv0_bias`, `conv8_weight` (125, 512),
`conv8_bias`, `anchors` (5, 2) and `classes` (20). Needs Pillow.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

# As a script, too: Python looks in the folder of a script, not in the one above it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from examples.tinier_yolo import ACTIVATIONS, hidden_layers, load
from lowbit import Network, compile
from lowbit.codes import parse_code
from runtime.cli.profile import show_profile
from runtime.measure.profile import StageCollector

SIDE, GRID, BOXES = 416, 13, 5
"""Pixels of a side of what the network sees, cells of a side, boxes of a cell."""

BYTES = parse_code("unipolar<8>")
GREY = 0.5


@dataclass(frozen=True)
class Fit:
    """How a photo of a size lies in the square that the network sees: scaled, in the middle."""

    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the scaled photo."""
        longest = max(self.width, self.height)
        return self.width * SIDE // longest, self.height * SIDE // longest

    @property
    def before(self) -> tuple[int, int]:
        """Grey columns on its left, and rows above it."""
        width, height = self.size
        return (SIDE - width) // 2, (SIDE - height) // 2

    def to_photo(self, boxes: NDArray) -> NDArray:
        """Centres and sizes in units of the square as x0, y0, x1, y1 in pixels of the photo."""
        centre, extent = boxes[:, :2] * SIDE, boxes[:, 2:] * SIDE
        corners = np.concatenate([centre - extent / 2, centre + extent / 2], axis=1)
        scale = np.array([self.width, self.height]) / self.size
        return (corners - np.tile(self.before, 2)) * np.tile(scale, 2)


@dataclass(frozen=True)
class Found:
    """An object: its score, its class, and x0, y0, x1, y1 in the photo."""

    score: float
    name: str
    box: tuple[float, float, float, float]


def build_module(
    data: Mapping[str, NDArray], ends: Mapping[str, NDArray], fit: Fit, *, with_middle: bool = False
) -> ModuleOp:
    """@main: (1, height, width, 3) of unipolar<8> to boxes (845, 4) and scores (845, 20) of f32.

    A box is the centre x, y, the width and the height, in units of the square. With `with_middle`
    the integers (1, 13, 13, 512) ahead of the head come as a third result. The network sees the
    picture transposed: its first axis is the picture's x.
    """
    net = Network((BYTES, (1, fit.height, fit.width, 3)))
    (width, height), (left, top) = fit.size, fit.before
    x = net.binary(net.dequantize(net.inputs[0], 1), 255, "div")
    x = net.transpose(x, (0, 2, 1, 3))
    x = net.resize(x, (width, fit.height), coordinates="align_corners")
    x = net.resize(x, (width, height), coordinates="align_corners")
    after = SIDE - left - width, SIDE - top - height
    x = net.pad(x, (0, left, top, 0), (0, *after, 0), GREY)
    x = net.float_conv2d(x, ends["conv0_weight"], strides=2, padding=1)
    x = net.affine(net.affine(x, 1, ends["conv0_bias"]), 7 / 4)
    x = net.quantize(x, ACTIVATIONS, 1)
    middle = hidden_layers(net, x, data)
    x = net.dequantize(middle, 1)
    x = net.float_conv2d(x, ends["conv8_weight"].reshape(-1, 1, 1, 512))
    x = net.transpose(net.affine(x, 1, ends["conv8_bias"]), (0, 2, 1, 3))
    x = net.reshape(x, (GRID, GRID, BOXES, 25))

    def part(first: int, count: int):
        return net.slice(x, (0, 0, 0, first), (GRID, GRID, BOXES, count))

    rows, cols = np.indices((GRID, GRID, BOXES))[:2]
    cells = np.stack([cols, rows], axis=-1)
    centre = net.binary(net.unary(part(0, 2), "sigmoid"), cells, "add")
    extent = net.binary(net.unary(part(2, 2), "exp"), ends["anchors"], "mul")
    boxes = net.affine(net.concat([centre, extent]), 1 / GRID)
    score = net.binary(net.softmax(part(5, 20)), net.unary(part(4, 1), "sigmoid"), "mul")
    count = GRID * GRID * BOXES
    results = [net.reshape(boxes, (count, 4)), net.reshape(score, (count, 20))]
    return net.finish(*results, *([middle] if with_middle else []))


def overlap(box: NDArray, others: NDArray) -> NDArray:
    """Intersection over union of a box with others, all x0, y0, x1, y1."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    inner = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    return inner / (np.prod(box[2:] - box[:2]) + areas - inner)


def objects(
    boxes: NDArray,
    scores: NDArray,
    names: Sequence[str],
    fit: Fit,
    threshold: float = 0.3,
    most_overlap: float = 0.4,
) -> list[Found]:
    """What scores above a threshold, but for what overlaps a better box of its class."""
    corners, found = fit.to_photo(boxes), []
    for kind, name in enumerate(names):
        left = np.flatnonzero(scores[:, kind] > threshold)
        left = left[np.argsort(-scores[left, kind], kind="stable")]
        while left.size:
            best, left = left[0], left[1:]
            x0, y0, x1, y1 = corners[best].tolist()
            found.append(Found(float(scores[best, kind]), str(name), (x0, y0, x1, y1)))
            left = left[overlap(corners[best], corners[left]) <= most_overlap]
    return sorted(found, key=lambda one: -one.score)


def load_ends(path: Path) -> dict[str, NDArray]:
    """The arrays of the stem and the head.

    Raises:
        SystemExit: the file cannot be read, or lacks one.
    """
    parts = ("conv0_weight", "conv0_bias", "conv8_weight", "conv8_bias", "anchors", "classes")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in parts}
    except OSError as error:
        sys.exit(f"error: {path}: {error.strerror or error}")
    except (KeyError, ValueError) as error:
        sys.exit(f"error: {path}: not the network's .npz file: {error}")


def read_photo(path: Path) -> NDArray[np.uint8]:
    """A photo as (height, width, 3) bytes.

    Raises:
        SystemExit: it cannot be read, or Pillow is missing.
    """
    try:
        from PIL import Image  # noqa: PLC0415  an extra
    except ImportError:
        sys.exit("error: pictures are read with Pillow: pip install pillow")
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        sys.exit(f"error: {path}: {getattr(error, 'strerror', None) or error}")


def draw(photo: NDArray[np.uint8], found: Sequence[Found], path: Path) -> None:
    """Write the photo with labelled boxes.

    Raises:
        SystemExit: the file cannot be written.
    """
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415  an extra

    image = Image.fromarray(photo)
    pen = ImageDraw.Draw(image)
    size = max(12, image.height // 30)
    font = ImageFont.load_default(size)
    for one in reversed(found):
        hue = sum(map(ord, one.name)) * 47 % 360
        colour = f"hsl({hue}, 90%, 45%)"
        pen.rectangle(one.box, outline=colour, width=max(2, size // 6))
        label = f"{one.name} {one.score:.2f}"
        at = max(0, one.box[0]), max(0, one.box[1] - 1.3 * size)
        pen.rectangle(pen.textbbox(at, label, font), fill=colour)
        pen.text(at, label, "white", font)
    try:
        image.save(path)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {path}: {getattr(error, 'strerror', None) or error}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Find objects in a photo.")
    parser.add_argument("photo", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="the photo with boxes (.png or .jpg)")
    parser.add_argument(
        "--models",
        type=Path,
        default=Path(os.environ.get("LOWBIT_MODELS", "../shared/models")),
        help="folder that holds tinier_yolo/ (default: LOWBIT_MODELS, or %(default)s)",
    )
    parser.add_argument("--target", default="host", help="host, host+avx2 or host+sse2")
    parser.add_argument("--num-threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=20, help="timed runs")
    parser.add_argument("--profile", action="store_true", help="time every stage")
    args = parser.parse_args()
    if args.num_threads < 1 or args.runs < 1:
        sys.exit("error: --num-threads and --runs must be at least 1")
    folder = args.models / "tinier_yolo"
    data, ends = load(folder / "tinier_yolo_w1a3.npz"), load_ends(folder / "tinier_yolo_ends.npz")
    photo = read_photo(args.photo)
    fit = Fit(photo.shape[1], photo.shape[0])
    try:
        collector = StageCollector(args.target)
        executable = compile(
            build_module(data, ends, fit), args.target, after=collector if args.profile else None
        )
    except ValueError as error:
        sys.exit(f"error: {error}")
    x = photo[None]
    boxes, scores = executable(x, num_threads=args.num_threads)
    found = objects(boxes, scores, ends["classes"].tolist(), fit)
    for one in found:
        print(f"{one.score:.3f} {one.name:<12}", *(f"{corner:6.0f}" for corner in one.box))
    times = []
    for _ in range(args.runs):
        start = time.perf_counter()
        executable(x, num_threads=args.num_threads)
        times.append(time.perf_counter() - start)
    print(f"{1e3 * statistics.median(times):.2f} ms a frame (median of {args.runs})")
    if args.profile:
        show_profile(executable, [x], collector.facts, None)
    if args.output is not None:
        draw(photo, found, args.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
