"""Compile the digits network, check every image against plain numpy, and show what came out.

python -m examples.digits.run
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from examples.digits import data
from examples.digits.integer_net import forward
from examples.digits.module import FILE, Measured, measured_of, read_net
from examples.digits.report import float_operations, layer_table, macs, weight_bytes
from lowbit import Executable, compile, lower, parse_module
from lowbit.targets import get_target

SHADES = " ░▒▓█"


def seconds_of(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def median_seconds(call: Callable[[], object], calls: int = 200, samples: int = 15) -> float:
    """Median over samples of the mean time of so many calls in a row."""

    def many() -> None:
        for _ in range(calls):
            call()

    many()
    return statistics.median(seconds_of(many) for _ in range(samples)) / calls


def compile_times() -> tuple[float, float]:
    """Seconds from the file to something callable: cold, and with the object in the cache."""
    kept = os.environ.get("LOWBIT_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LOWBIT_CACHE"] = folder
        try:
            cold = seconds_of(lambda: compile(FILE))
            return cold, statistics.median(seconds_of(lambda: compile(FILE)) for _ in range(5))
        finally:
            if kept is None:
                del os.environ["LOWBIT_CACHE"]
            else:
                os.environ["LOWBIT_CACHE"] = kept


def logits_of(executable: Executable, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logits (N, 10) of images (N, 8, 8, 1), one call an image."""
    out = np.empty((len(images), 1, 1, 1, 10), np.float32)
    for image, logits in zip(images, out, strict=True):
        executable(image[None], out=logits)
    return out.reshape(len(images), 10)


def picture(image: NDArray[np.uint8], caption: str) -> Text:
    """An image (8, 8, 1) of pixels 0..16 as characters, two a pixel, and a caption."""
    shades = np.minimum(image[:, :, 0] // 4, 4)
    rows = ["".join(2 * SHADES[level] for level in row) for row in shades]
    return Text("\n".join([*rows, f"{caption:^16}"]))


def show_pictures(
    console: Console, images: NDArray, predicted: NDArray, labels: NDArray, count: int = 5
) -> None:
    """Some images and what the network says: wrong ones first, for there lies the interest."""
    order = np.argsort(predicted == labels, kind="stable")[:count]
    captions = [
        str(predicted[i]) if predicted[i] == labels[i] else f"{predicted[i]} (is {labels[i]})"
        for i in order
    ]
    console.print(
        Columns([picture(images[i], c) for i, c in zip(order, captions, strict=True)], padding=2)
    )


def results_table(accuracy: float, measured: Measured, executable: Executable) -> Table:
    """Accuracy, speed and compile time."""
    image = np.zeros((1, 8, 8, 1), np.uint8)
    out = np.empty((1, 1, 1, 10), np.float32)
    call = median_seconds(lambda: executable(image, out=out))
    alone = median_seconds(lambda: executable.run([image], [out]))
    cold, cached = compile_times()
    cpu = get_target(executable.target).cpu
    table = Table(title=f"Digits, on {cpu}", title_justify="left")
    table.add_column("")
    table.add_column("low-bit", justify="right")
    table.add_column("float32", justify="right")
    table.add_row(
        f"accuracy on {data.TEST_SIZE} held-out images",
        f"{100 * accuracy:.2f} %",
        f"{100 * measured.float_accuracy:.2f} %",
    )
    size = weight_bytes(parse_module(FILE.read_text()))
    table.add_row("bytes of weights", f"{size.packed:,}", f"{size.float32:,}")
    table.add_section()
    table.add_row("images a second, one thread, a call each", f"{1 / call:,.0f}")
    table.add_row("  microseconds an image, checked call", f"{1e6 * call:.1f}")
    table.add_row("  microseconds an image, without the checks", f"{1e6 * alone:.1f}")
    table.add_row("compile the file, cold", f"{1e3 * cold:.0f} ms")
    table.add_row("compile the file, object in the cache", f"{1e3 * cached:.1f} ms")
    return table


def main() -> int:
    console = Console(width=None if sys.stdout.isatty() else 110)
    digits = data.load()
    module = parse_module(FILE.read_text(), str(FILE))
    net, measured = read_net(module), measured_of(module)
    executable = compile(module)

    logits = logits_of(executable, digits.images)
    expected = forward(net, digits.images).astype(np.float32) * np.float32(net.head_scale)
    equal = int(np.all(logits == expected, axis=1).sum())
    predicted = logits.argmax(axis=1)
    test = digits.test_index
    accuracy = float(np.mean(predicted[test] == digits.labels[test]))

    show_pictures(console, digits.images[test], predicted[test], digits.labels[test])
    console.print(results_table(accuracy, measured, executable))
    lower(module, until="kernels")
    console.print(layer_table(module))
    floats = float_operations(module)
    share = sum(map(macs, floats)) / sum(map(macs, module.walk()))
    names = ", ".join(str(op.name) for op in floats) or "none"
    console.print(f"Operations that touch float: {names}; {100 * share:.0f} % of the MACs.")
    console.print(f"{equal} of {len(logits)} images: logits equal to plain numpy's, bit for bit.")
    if equal != len(logits) or accuracy != measured.integer_accuracy:
        console.print(f"error: expected all, and an accuracy of {measured.integer_accuracy:.4f}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
