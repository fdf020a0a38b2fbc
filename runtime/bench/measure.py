"""One measurement: a layer, a pair of bit widths, a class of machine, an output."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.rewriter import InsertPoint

from lowbit_dialect import reference
from lowbit_dialect.codes import BipolarType, Code, SignedType, UnipolarType
from lowbit_dialect.constants import constant_tensor
from lowbit_dialect.interpreters.values import PackedArray
from lowbit_dialect.layout import PackedAttr
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp, conv_clauses
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pack import BitpackOp, ConstantOp, UnpackOp
from lowbit_dialect.packing import pack
from lowering.kernels.kernel_forms import KERNELS
from lowering.kernels.strategy import resolve_strategy
from lowering.targets import Target, get_target
from runtime.bench.clock import nanoseconds_per_cycle
from runtime.bench.workloads import Workload
from runtime.compile import compile

OUTPUTS = ("packed", "i32")

ANY_LANES = 64
"""Lanes of a block of weights, where only the layout of the activations is asked for."""


@dataclass(frozen=True)
class Record:
    """A result: median seconds and cycles of a call, and whether every output was right."""

    id: str
    pair: str
    isa: str
    strategy: str
    out: str
    seconds: float
    cycles: float
    mac_per_cycle: float
    checked: bool

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)


def codes_of(pair: str) -> tuple[Code, Code]:
    """Codes of a pair `AxWy`: unipolar activations; bipolar weights of 1 bit, signed of more.

    Raises:
        ValueError: the text is no such pair.
    """
    a, _, w = pair.upper().removeprefix("A").partition("W")
    if not (a.isdigit() and w.isdigit() and 1 <= int(a) <= 8 and 1 <= int(w) <= 8):
        raise ValueError(f"pair {pair!r}: expected AxWy with 1 to 8 bits each, such as A2W1")
    return UnipolarType(int(a)), BipolarType(1) if int(w) == 1 else SignedType(int(w))


@dataclass
class Layer:
    """A layer with random weights and thresholds, and one random input."""

    workload: Workload
    x_code: Code
    w_code: Code
    x: NDArray[np.int64]
    w: NDArray[np.int64]
    sums: NDArray[np.int32]
    thresholds: NDArray[np.int32]

    @staticmethod
    def random(workload: Workload, pair: str, seed: int = 0) -> Layer:
        """Random values, and thresholds at the quantiles of each channel's sums."""
        x_code, w_code = codes_of(pair)
        g, rng = workload.geometry, np.random.default_rng(seed)
        x_shape: tuple[int, ...] = (g.batch, g.rows.extent, g.cols.extent, g.ic)
        w_shape: tuple[int, ...] = (g.oc, g.rows.taps, g.cols.taps, g.ic // g.groups)
        if workload.is_matmul:
            x_shape, w_shape = (g.cols.extent, g.ic), (g.ic, g.oc)
        x, w = rng.choice(x_code.values, x_shape), rng.choice(w_code.values, w_shape)
        if workload.is_matmul:
            sums = reference.matmul(x, w)
        else:
            sums = reference.conv2d(
                x, w, strides=(g.rows.stride, g.cols.stride), padding=_padding(workload)
            )
        levels = 1 << x_code.width
        quantiles = np.arange(1, levels) / levels
        by_channel = sums.reshape(-1, sums.shape[-1])
        thresholds = np.sort(np.quantile(by_channel, quantiles, axis=0).T.round(), axis=1)
        return Layer(workload, x_code, w_code, x, w, sums, thresholds.astype(np.int32))

    def layout(self, strategy: str, target: Target, padding: Sequence[int] = ()) -> PackedAttr:
        """How kernels of a strategy want activations, with a frame of this padding."""
        forms = KERNELS[strategy]
        if self.workload.is_matmul:
            return forms.gemm_layouts(target, ANY_LANES, self.x_code.width)[0]
        return forms.conv_layouts(
            *(target, "nhwc", tuple(padding), 1, ANY_LANES, self.x_code.width)
        )[0]

    def strategy(self, strategy: str, target: Target) -> str:
        """What a strategy becomes for this layer."""
        return resolve_strategy(strategy, self.x_code, self.w_code, self.workload.geometry, target)

    def module(self, out: str, strategy: str, target: Target) -> ModuleOp:
        """A function from the packed input to the packed (or i32) output."""
        layout = self.layout(strategy, target, _padding(self.workload))
        x_type = TensorType(self.x_code, self.x.shape, layout)
        function = func.FuncOp("main", ([x_type], []))
        builder = Builder(InsertPoint.at_end(function.body.block))
        x = builder.insert(UnpackOp.get(function.body.block.args[0])).result
        w = builder.insert(
            ConstantOp.from_values(self.w, TensorType(self.w_code, self.w.shape))
        ).result
        if self.workload.is_matmul:
            y = builder.insert(MatmulOp.get(x, w)).result
        else:
            g = self.workload.geometry
            clauses = conv_clauses((g.rows.stride, g.cols.stride), _padding(self.workload))
            y = builder.insert(Conv2DOp.get(x, w, **clauses)).result
        if out == "packed":
            thresholds = builder.insert(constant_tensor(self.thresholds)).result
            glued = TensorType(self.x_code, y.type.get_shape())  # pyright: ignore
            y = builder.insert(FusedGlueOp.threshold(y, thresholds, glued)).result
            y_layout = self.layout(strategy, target, (1, 1, 1, 1))
            y = builder.insert(BitpackOp.get(y, y_layout)).result
        builder.insert(func.ReturnOp(y))
        function.update_function_type()
        return ModuleOp([function])

    def expected(self, out: str) -> NDArray:
        """What the function must give, as values."""
        if out == "i32":
            return self.sums
        return reference.fused_glue_threshold(self.sums, self.thresholds, self.x_code)


def _padding(workload: Workload) -> tuple[int, int, int, int]:
    rows, cols = workload.geometry.rows, workload.geometry.cols
    return rows.before, rows.after, cols.before, cols.after


def measure(
    layer: Layer, pair: str, isa: str, out: str, seconds: float = 0.3, strategy: str = "auto"
) -> Record:
    """Compile a layer, compare its output with the reference, and time it.

    Args:
        layer: the layer and its data.
        pair: name of its bit widths.
        isa: `host`, or a class to restrict it to.
        out: `packed` (thresholds and packing counted) or `i32`.
        seconds: how long to repeat; the median of the repetitions counts.
        strategy: `auto` or the strategy to take; the record says which one it was.
    """
    target = get_target("host" if isa == "host" else f"host+{isa}")
    strategy = layer.strategy(strategy, target)
    module = layer.module(out, strategy, target)
    executable = compile(module, target.name, use_cache=False, strategy=strategy)
    x_type = executable.signature.arguments[0].type
    layout = layer.layout(strategy, target, _padding(layer.workload))
    words = pack(layer.x_code.encode(layer.x), layer.x_code, layout)
    words = np.ascontiguousarray(words)
    given = executable(PackedArray(words, x_type))
    values = given.values if isinstance(given, PackedArray) else given
    result = given.words if isinstance(given, PackedArray) else given
    checked = bool(np.array_equal(values, layer.expected(out)))
    nanoseconds, cycles = _time(executable.bind([words], [result]), seconds)
    macs = layer.workload.geometry.macs
    return Record(
        layer.workload.id,
        pair,
        isa,
        strategy,
        out,
        nanoseconds / 1e9,
        cycles,
        macs / cycles,
        checked,
    )


def _time(call: Callable[[], None], seconds: float) -> tuple[float, float]:
    """Median nanoseconds and cycles of a call, the clock taken before and after each sample."""
    end = time.perf_counter() + seconds / 3
    while time.perf_counter() < end:
        call()
    start = time.perf_counter_ns()
    call()
    once = max(1, time.perf_counter_ns() - start)
    batch = max(1, 200_000 // once)
    times, cycles = [], []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        before = nanoseconds_per_cycle()
        start = time.perf_counter_ns()
        for _ in range(batch):
            call()
        elapsed = (time.perf_counter_ns() - start) / batch
        clock = (before + nanoseconds_per_cycle()) / 2
        times.append(elapsed)
        cycles.append(elapsed / clock)
    return float(np.median(times)), float(np.median(cycles))
