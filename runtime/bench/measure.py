"""One measurement: a layer, a pair of bit widths, a class of machine, an output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.builder import Builder
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.rewriter import InsertPoint

from lowbit_dialect import reference
from lowbit_dialect.codes import BipolarType, Code, SignedType, UnipolarType
from lowbit_dialect.interpreters.values import PackedArray
from lowbit_dialect.layout import PackedAttr, byte_count
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp, conv_clauses
from lowbit_dialect.ops.pack import BitpackOp, ConstantOp, UnpackOp
from lowbit_dialect.packing import pack
from lowering.kernels.kernel_forms import KERNELS
from lowering.kernels.strategy import resolve_strategy
from lowering.pipeline import lower
from lowering.targets import Target, get_target
from runtime.bench.compile_times import build_cached, compile_times
from runtime.bench.contender import Contender
from runtime.bench.glue import Glue, random_data_glue
from runtime.bench.predicted import predicted_mac_per_cycle
from runtime.bench.record import Record, Setting
from runtime.bench.samples import Samples, lower_quartile, visit
from runtime.bench.workloads import Workload
from runtime.compile import compile

OUTPUTS = ("packed", "i32")

ANY_LANES = 64
"""Lanes of a block of weights, where only the layout of the activations is asked for."""


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
    """A layer with random weights, glue that suits its sums, and one random input."""

    workload: Workload
    x_code: Code
    w_code: Code
    x: NDArray[np.int64]
    w: NDArray[np.int64]
    sums: NDArray[np.int32]
    glue: Glue

    @staticmethod
    def random(workload: Workload, pair: str, seed: int = 0) -> Layer:
        """Random values, and glue that spreads each channel's sums over the levels."""
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
        return Layer(workload, x_code, w_code, x, w, sums, random_data_glue(sums, x_code))

    def layout(self, strategy: str, target: Target, padding: Sequence[int] = ()) -> PackedAttr:
        """How kernels of a strategy want activations, with a frame of this padding."""
        forms = KERNELS[strategy]
        if self.workload.is_matmul:
            return forms.gemm_layouts(target, ANY_LANES)[0]
        return forms.conv_layouts(target, "nhwc", tuple(padding), 1, ANY_LANES)[0]

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
            y = self.glue.insert(builder, y, TensorType(self.x_code, self.sums.shape))
            y_layout = self.layout(strategy, target, (1, 1, 1, 1))
            y = builder.insert(BitpackOp.get(y, y_layout)).result
        builder.insert(func.ReturnOp(y))
        function.update_function_type()
        return ModuleOp([function])

    def expected(self, out: str) -> NDArray:
        """What the function must give, as values."""
        if out == "i32":
            return self.sums
        return self.glue.levels(self.sums, self.x_code)


def _padding(workload: Workload) -> tuple[int, int, int, int]:
    rows, cols = workload.geometry.rows, workload.geometry.cols
    return rows.before, rows.after, cols.before, cols.after


def module_of(workload: Workload, setting: Setting) -> ModuleOp:
    """The module that a setting of a layer is measured with."""
    target = target_of(setting)
    layer = Layer.random(workload, setting.pair)
    strategy = layer.strategy(setting.strategy, target)
    return layer.module(setting.out, strategy, target)


def target_of(setting: Setting) -> Target:
    """This machine, or as much of it as a setting wants."""
    return get_target("host" if setting.isa == "host" else f"host+{setting.isa}")


def prepare(layer: Layer, setting: Setting, check: bool = True, cache: str = "") -> Contender:
    """A layer compiled with a setting, ready to run; its facts are fields of a record.

    Args:
        layer: the layer and its data.
        setting: how to compute it.
        check: whether to compare the output with the reference, and to time compilations.
        cache: a folder for compiled objects; without it there are none, nor times.
    """
    target = target_of(setting)
    strategy = layer.strategy(setting.strategy, target)
    module = layer.module(setting.out, strategy, target)
    build = partial(compile, target=target.name, strategy=strategy)
    times = compile_times(build, module, cache) if cache and check else {}
    executable = build_cached(build, module, cache) if cache else build(module, use_cache=False)
    layout = layer.layout(strategy, target, _padding(layer.workload))
    words = pack(layer.x_code.encode(layer.x), layer.x_code, layout)
    words = np.ascontiguousarray(words)
    packed = PackedArray(words, executable.signature.arguments[0].type)
    given = executable(packed, num_threads=setting.threads)
    result = given.words if isinstance(given, PackedArray) else given
    verdict = "not checked"
    if check:
        values = given.values if isinstance(given, PackedArray) else given
        verdict = "right" if np.array_equal(values, layer.expected(setting.out)) else "wrong"
    facts = (
        {}
        if not check
        else {
            "strategy": strategy,
            "predicted": predicted_mac_per_cycle(
                layer.x_code, layer.w_code, layer.workload.geometry, strategy, target
            ),
            "bytes": words.nbytes + result.nbytes + constant_bytes(module, target.name, strategy),
            **times,
        }
    )
    return Contender(executable.bind([words], [result], setting.threads), verdict, facts=facts)


def constant_bytes(module: ModuleOp, target: str, strategy: str) -> int:
    """Bytes of the constants of a module as its kernels read them: packed weights above all."""
    kernels = module.clone()
    lower(kernels, target, "kernels", strategy)
    return sum(
        byte_count(result.type)
        for op in kernels.walk()
        if isinstance(op, ConstantOp | arith.ConstantOp)
        for result in op.results
        if isinstance(result.type, TensorType)
    )


def measure(
    layer: Layer, pair: str, isa: str, out: str, seconds: float = 0.3, strategy: str = "auto"
) -> Record:
    """Compile a layer, compare its output with the reference, and time it.

    Args:
        layer: the layer and its data.
        pair: name of its bit widths.
        isa: `host`, or a class to restrict it to.
        out: `packed` (glue and packing counted) or `i32`.
        seconds: how long to repeat; a third of it more is for warming up.
        strategy: `auto` or the strategy to take; the record says which one it was.
    """
    setting = Setting(pair, isa, out, strategy)
    contender = prepare(layer, setting)
    visit(contender.run, seconds / 3, count_cycles=False)
    samples = visit(contender.run, seconds)
    return record_of(layer.workload, setting, samples, contender.verdict, contender.facts)


def record_of(
    workload: Workload, setting: Setting, samples: Samples, verdict: str, facts: Mapping[str, Any]
) -> Record:
    """The record of a contender that `prepare` made."""
    cycles = lower_quartile(samples.cycles)
    return Record(
        id=workload.id,
        pair=setting.pair,
        isa=setting.isa,
        out=setting.out,
        threads=setting.threads,
        seconds=samples.seconds,
        cycles=cycles,
        mac_per_cycle=workload.geometry.macs / cycles,
        checked=verdict == "right",
        **facts,
    )
