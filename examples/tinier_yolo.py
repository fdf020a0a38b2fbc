"""Seven convolutions of a Tinier-YOLO detector, compiled as one function and checked bit for bit.

    python examples/tinier_yolo.py PATH/tinier_yolo_w1a3.npz

Weights are +-1, activations 0..7: 3x3 convolutions of stride 1 and padding 1, seven thresholds a
channel behind each, and 2x2 max pools behind the first five. The file, from Xilinx/QNN-MO-PYNQ
(BSD-3-Clause), holds for each `convN` its weights (`_weight_sign`: bits, little bit order, one row
an output channel; `_weight_shape`: out, kh, kw, in), `_thresholds` (out, 7) ascending and `_flip`
(out,); further `input` (208, 208, 16) and `expected_output` (13, 13, 512).
"""

import argparse
import os
import statistics
import sys
import time
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from lowbit import Network, compile
from lowbit.codes import parse_code
from lowbit_dialect.ops.contraction import Conv2DOp

WEIGHTS, ACTIVATIONS = parse_code("bipolar<1>"), parse_code("unipolar<3>")
LAYERS = 7
POOLS = {1: (2, 0), 2: (2, 0), 3: (2, 0), 4: (2, 0), 5: (1, 1)}
"""Stride, and rows and columns of padding below and on the right, of the 2x2 pool behind convN."""


def weights_of(data: Mapping[str, NDArray], layer: int) -> NDArray[np.int8]:
    """Weights (OC, KH, KW, IC), +1 where the bit is set and -1 where it is not."""
    shape = tuple(int(extent) for extent in data[f"conv{layer}_weight_shape"])
    rows = data[f"conv{layer}_weight_sign"].reshape(shape[0], -1)
    bits = np.unpackbits(rows, axis=1, count=int(np.prod(shape[1:])), bitorder="little")
    return (2 * bits.astype(np.int8) - 1).reshape(shape)


def build_module(data: Mapping[str, NDArray]) -> ModuleOp:
    """The network as @main: (1, 208, 208, 16) to (1, 13, 13, 512), both unipolar<3>."""
    net = Network((ACTIVATIONS, (1, *data["input"].shape)))
    return net.finish(hidden_layers(net, net.inputs[0], data))


def hidden_layers(net: Network, x: SSAValue, data: Mapping[str, NDArray]) -> SSAValue:
    """Append the seven convolutions to a network."""
    for layer in range(1, LAYERS + 1):
        acc = net.conv2d(x, weights_of(data, layer), WEIGHTS, padding=1)
        thresholds, flip = (data[f"conv{layer}_{name}"] for name in ("thresholds", "flip"))
        x = net.threshold(acc, thresholds, ACTIVATIONS, flip if flip.any() else None)
        if layer in POOLS:
            stride, after = POOLS[layer]
            x = net.max_pool2d(x, (2, 2), (stride, stride), (0, after, 0, after))
    return x


def load(path: Path) -> dict[str, NDArray]:
    """The arrays of the file.

    Raises:
        SystemExit: it cannot be read, or is another file; the message says why.
    """
    try:
        file = np.load(path, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError("one array, not an archive")
        with file:
            data = {name: file[name] for name in file.files}
    except OSError as error:
        sys.exit(f"error: {path}: {error.strerror or error}")
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        sys.exit(f"error: {path}: not the network's .npz file: {error}")
    parts = ("weight_sign", "weight_shape", "thresholds", "flip")
    needed = {f"conv{layer}_{part}" for layer in range(1, LAYERS + 1) for part in parts}
    missing = sorted((needed | {"input", "expected_output"}) - data.keys())
    if missing:
        sys.exit(f"error: {path}: not the network's .npz file: it has no {', '.join(missing[:3])}")
    return data


def macs(module: ModuleOp) -> int:
    """Multiply-accumulates of all convolutions."""
    convs = [op for op in module.walk() if isinstance(op, Conv2DOp)]
    return sum(op.geometry.taps * int(np.prod(op.result.type.get_shape())) for op in convs)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile and check a Tinier-YOLO detector.")
    parser.add_argument("path", type=Path, help="tinier_yolo_w1a3.npz")
    parser.add_argument("--target", default="host", help="host, host+avx2 or host+sse2")
    parser.add_argument("--num-threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=20, help="timed runs")
    args = parser.parse_args()
    if args.num_threads < 1 or args.runs < 1:
        sys.exit("error: --num-threads and --runs must be at least 1")
    data = load(args.path)
    module = build_module(data)
    start = time.perf_counter()
    try:
        executable = compile(module, args.target)
    except ValueError as error:
        sys.exit(f"error: {error}")
    print(f"compiled for {executable.target} in {time.perf_counter() - start:.2f} s")

    x, expected = data["input"][None], data["expected_output"][None]
    result = executable(x, num_threads=args.num_threads)
    equal = int(np.sum(result == expected))
    print(f"{equal} of {expected.size} outputs equal")
    times = []
    for _ in range(args.runs):
        start = time.perf_counter()
        executable(x, num_threads=args.num_threads)
        times.append(time.perf_counter() - start)
    median = statistics.median(times)
    threads = f"{args.num_threads} of {os.cpu_count()} threads"
    speed = macs(module) / median / 1e9
    print(f"{1e3 * median:.2f} ms a run (median of {args.runs}, {threads}), {speed:.0f} GMAC/s")
    return 0 if equal == expected.size else 1


if __name__ == "__main__":
    sys.exit(main())
