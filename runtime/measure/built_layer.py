"""A layer compiled, checked against the reference, and timed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import ModuleOp, TensorType

from lowbit_dialect.layouts.packed import byte_count
from lowbit_dialect.layouts.packed_array import PackedArray
from lowbit_dialect.ops.pack import ConstantOp
from lowering.kernels.kernel_plan import KernelPlan
from lowering.kernels.records import kernel_selector
from lowering.kernels.select_kernel import select_kernels
from lowering.pipeline import lower
from lowering.record_sources import NO_RECORDS, SHIPPED_RECORDS
from lowering.targets import Target, get_target
from runtime.compiler import compile
from runtime.executable import Executable
from runtime.measure.candidate import Candidate
from runtime.measure.compile_times import build_cached, compile_times
from runtime.measure.layer import Layer
from runtime.measure.predicted import predicted_mac_per_cycle
from runtime.measure.record import Record, Setting
from runtime.measure.samples import Samples, lower_quartile, time_calls
from runtime.measure.workloads import Workload


@dataclass
class BuiltLayer:
    """A layer compiled, with its buffers: what is timed, and checked before that."""

    layer: Layer
    out: str
    choice: KernelPlan
    executable: Executable
    target: Target
    threads: int = 1

    @staticmethod
    def of(layer: Layer, out: str, target: Target, choice: KernelPlan) -> BuiltLayer:
        """Compile a layer with a kernel.

        Raises:
            PassFailedException, VerifyException: the schedule is not possible.
        """
        module = layer.kernel_module(out, target, choice)
        executable = compile(module, target.name, use_cache=False, records=NO_RECORDS)
        return BuiltLayer(layer, out, choice, executable, target)

    def words(self, x: NDArray[np.int64]) -> NDArray:
        """An input as the kernel reads it."""
        return self.layer.words(x, self.choice.strategy, self.target)

    def is_right(self) -> bool:
        """Whether the outputs for the trials of the layer are those of the reference."""
        layer = self.layer
        (argument,) = self.executable.signature.arguments
        for x, sums in layer.trials:
            packed = PackedArray(self.words(x), argument.type)
            given = self.executable(packed, num_threads=self.threads)
            values = given.values if isinstance(given, PackedArray) else given
            if not np.array_equal(values, layer.expected_of(sums, self.out)):
                return False
        return True

    def time(self, seconds: float) -> tuple[float, float]:
        """Nanoseconds and cycles of a call, lower quartiles of repetitions for so long."""
        result = self.executable.signature.results[0].new_storage()
        call = self.executable.bind([self.words(self.layer.x)], [result])
        time_calls(call, seconds / 3, count_cycles=False)
        samples = time_calls(call, seconds)
        return samples.seconds * 1e9, lower_quartile(samples.cycles)


def target_of(setting: Setting) -> Target:
    """This machine, or as much of it as a setting wants."""
    return get_target("host" if setting.isa == "host" else f"host+{setting.isa}")


def module_of(workload: Workload, setting: Setting, records: str = SHIPPED_RECORDS) -> ModuleOp:
    """The module that a setting of a layer is measured with."""
    layer, target = Layer.random(workload, setting.pair), target_of(setting)
    choice = kernel_selector(target, setting.strategy, records)(layer.problem(setting.out))
    return layer.module(setting.out, choice.strategy, target)


def prepare(
    layer: Layer,
    setting: Setting,
    check: bool = True,
    cache: str = "",
    records: str = SHIPPED_RECORDS,
) -> Candidate:
    """A layer compiled with a setting, ready to run; its facts are fields of a record.

    Args:
        layer: the layer and its data.
        setting: how to compute it.
        check: whether to compare the output with the reference, and to time compilations.
        cache: a folder for compiled objects; without it there are none, nor times.
        records: what decides about the kernel, see `lowering.record_sources.sources`.
    """
    target = target_of(setting)
    choice = kernel_selector(target, setting.strategy, records)(layer.problem(setting.out))
    module = layer.module(setting.out, choice.strategy, target)
    build = partial(compile, target=target.name, strategy=setting.strategy, records=records)
    times = compile_times(build, module, cache) if cache and check else {}
    executable = build_cached(build, module, cache) if cache else build(module, use_cache=False)
    built = BuiltLayer(layer, setting.out, choice, executable, target, setting.threads)
    words = built.words(layer.x)
    result = executable.signature.results[0].new_storage()
    candidate = Candidate(executable.bind([words], [result], setting.threads))
    if check:
        candidate.verdict = "right" if built.is_right() else "wrong"
        candidate.facts = {
            "strategy": choice.strategy,
            "predicted": predicted_mac_per_cycle(layer.problem(setting.out), choice, target),
            "bytes": words.nbytes + result.nbytes + constant_bytes(module, target, choice),
            **times,
        }
    return candidate


def constant_bytes(module: ModuleOp, target: Target, choice: KernelPlan) -> int:
    """Bytes of the constants of a module as its kernels read them: packed weights above all."""
    kernels = module.clone()
    select_kernels(kernels, target, lambda _: choice)
    lower(kernels, target.name, "kernels")
    return sum(
        byte_count(result.type)
        for op in kernels.walk()
        if isinstance(op, ConstantOp | arith.ConstantOp)
        for result in op.results
        if isinstance(result.type, TensorType)
    )


def measure(
    layer: Layer,
    pair: str,
    isa: str,
    out: str,
    seconds: float = 0.3,
    strategy: str = "auto",
    records: str = SHIPPED_RECORDS,
) -> Record:
    """Compile a layer, compare its output with the reference, and time it.

    Args:
        layer: the layer and its data.
        pair: name of its bit widths.
        isa: `host`, or a class to restrict it to.
        out: `packed` (glue and packing counted) or `i32`.
        seconds: how long to repeat; a third of it more is for warming up.
        strategy: `auto` or the strategy to take; the record says which one it was.
        records: what decides about the kernel, see `lowering.record_sources.sources`.
    """
    setting = Setting(pair, isa, out, strategy)
    candidate = prepare(layer, setting, records=records)
    time_calls(candidate.run, seconds / 3, count_cycles=False)
    samples = time_calls(candidate.run, seconds)
    return record_of(layer.workload, setting, samples, candidate.verdict, candidate.facts)


def record_of(
    workload: Workload, setting: Setting, samples: Samples, verdict: str, facts: Mapping[str, Any]
) -> Record:
    """The record of a candidate that `prepare` made."""
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
