"""A network as our compiler builds it, checked against plain numpy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from benchmarks.networks.bare import BareEpiloguesPass
from benchmarks.networks.record import NetworkCase
from examples.networks.resnet18 import ResNet18, build_module, forward, random_network
from lowbit_dialect.ops.pack import ConstantOp
from lowering.pipeline import Step, passes
from lowering.targets import get_target
from runtime.aot.elf import code_bytes
from runtime.build import build_object
from runtime.compiler import compile
from runtime.executable import Executable
from runtime.measure.candidate import Candidate, Maker, Source
from runtime.measure.compile_times import compile_times
from runtime.measure.profile import time_stages

OURS, BARE = "lowbit", "lowbit_bare"
"""The network, and the network without its glue."""

POINTWISE = ("add", "fused_glue")
"""Stages that are glue, outside of any kernel."""


class OurNetwork(Source):
    """A network compiled by lowbit."""

    name = OURS

    def __init__(self, case: NetworkCase):
        self.case = case

    def makers(self, workload: Any, check: bool) -> Mapping[str, Maker]:
        """The network, and the same without its glue."""
        network = random_network(self.case.pair, self.case.size, self.case.glue)
        module = build_module(network)
        return {
            OURS: partial(self._whole, network, module, check),
            BARE: partial(self._bare, module),
        }

    def _whole(self, network: ResNet18, module: ModuleOp, check: bool) -> Candidate:
        build = partial(compile, target=self.case.target)
        with TemporaryDirectory() as folder:
            times = compile_times(build, module, folder)
        executable, facts = build(module, use_cache=False), sizes(module, self.case.target)
        image = random_image(self.case.size)
        candidate = Candidate(_bound(executable, image, 1))
        if check:
            right = np.array_equal(executable(image), forward(network, image))
            candidate.verdict = "right" if right else "wrong"
        facts |= {
            "cold_compile_s": times["cold_seconds"],
            "from_cache_s": times["cached_seconds"],
            "workspace_bytes": executable.signature.workspace,
        }
        candidate.facts = facts
        return candidate

    def _bare(self, module: ModuleOp) -> Candidate:
        pipeline = list(passes(self.case.target))
        until = len(passes(self.case.target, "kernels"))
        pipeline.insert(until, BareEpiloguesPass())
        executable = compile(module, self.case.target, passes=pipeline)
        image = random_image(self.case.size)
        candidate = Candidate(_bound(executable, image, 1))
        stages = time_stages(executable, [image], 0.3)
        total = sum(stage.seconds for stage in stages)
        glue = sum(stage.seconds for stage in stages if stage.operation in POINTWISE)
        candidate.facts = {"pointwise_share": glue / total}
        return candidate


def _bound(executable: Executable, image: NDArray, num_threads: int) -> Any:
    outputs = [spec.new_storage() for spec in executable.signature.results]
    return executable.bind([image], outputs, num_threads)


def random_image(size: int) -> NDArray[np.uint8]:
    """An image that the network was not calibrated on."""
    return np.random.default_rng(99).integers(0, 256, (1, size, size, 3), np.uint8)


def sizes(module: ModuleOp, target: str) -> dict[str, int]:
    """Bytes of code and of weights."""
    weights = 0

    def count(step: Step, lowered: ModuleOp) -> None:
        nonlocal weights
        if step.level == "kernels" and step.is_last:
            ops = [op for op in lowered.walk() if isinstance(op, ConstantOp)]
            weights = sum(len(op.image_bytes) for op in ops)

    _, data = build_object(module, get_target(target), "auto", "shipped", None, count)
    return {"code_bytes": code_bytes(data), "weight_bytes": weights}


def thread_times(module: ModuleOp, case: NetworkCase, most: int, calls: int) -> dict[str, float]:
    """Lower quartiles of the seconds of a call, by the number of threads."""
    executable, image = compile(module, case.target), random_image(case.size)
    bound = {n: _bound(executable, image, n) for n in range(1, most + 1)}
    samples: dict[int, list[float]] = {n: [] for n in bound}
    for _ in range(calls):
        for n, call in bound.items():
            start = time.perf_counter()
            call()
            samples[n].append(time.perf_counter() - start)
    return {str(n): float(np.quantile(times, 0.25)) for n, times in samples.items()}
