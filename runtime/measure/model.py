"""A layer compiled for an ARM processor: executed in an emulator, and its cycles by llvm-mca.

The whole kernel runs, with every output compared with the reference; llvm-mca then costs the blocks
that ran (see `runtime.analysis.program_model`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.layouts.packed_array import PackedArray
from lowbit_dialect.layouts.packing import pack
from lowering.kernels.kernel_plan import KernelPlan
from lowering.kernels.records import kernel_selector
from lowering.kernels.select_kernel import select_kernels
from lowering.record_sources import NO_RECORDS, SHIPPED_RECORDS
from lowering.strategies import get_strategy
from lowering.targets import Target, get_target
from runtime.analysis.assembly import Instruction
from runtime.analysis.disassembly import Code, disassemble
from runtime.analysis.mca import mca_version
from runtime.analysis.program_model import ProgramModel, model_program
from runtime.build import build_object
from runtime.emulation.image import Image
from runtime.emulation.processor import (
    ARCHITECTURES,
    BlockCounts,
    Processor,
)
from runtime.measure.layer import Layer
from runtime.measure.model_record import ModelRecord
from runtime.measure.workloads import Workload
from runtime.signature import Signature

ENTRY = "main"
"""The function of the module of a layer."""


@dataclass(frozen=True)
class ModelSetting:
    """A way to compute a layer on another processor."""

    pair: str
    target: str
    out: str = "packed"
    strategy: str = "auto"
    records: str = SHIPPED_RECORDS


@dataclass(frozen=True)
class EmulatedLayer:
    """A layer compiled for an ARM processor, linked at fixed addresses."""

    layer: Layer
    out: str
    choice: KernelPlan
    target: Target
    signature: Signature
    image: Image

    @staticmethod
    def of(layer: Layer, out: str, target: Target, choice: KernelPlan) -> EmulatedLayer:
        """Compile and link a layer with a kernel.

        Raises:
            ToolMissingError, ToolFailedError: there is no linker, or the kernel needs a library.
        """
        module = layer.module(out, choice.strategy, target)
        select_kernels(module, target, lambda _: choice)
        (signature,), data = build_object(module, target, choice.strategy, NO_RECORDS)
        image = Image.link(data, target, ENTRY)
        return EmulatedLayer(layer, out, choice, target, signature, image)

    def run(self, x: NDArray[np.int64]) -> tuple[NDArray, BlockCounts]:
        """The output for an input, as values, and how often each block ran.

        Raises:
            EmulationError: an access outside the buffers, or an unknown instruction.
        """
        layer = self.layer
        layout = layer.input_layout(self.choice.strategy, self.target)
        words = np.ascontiguousarray(pack(layer.x_code.encode(x), layer.x_code, layout))
        (result,) = self.signature.results
        storage = result.new_storage()
        workspace = np.zeros(self.signature.workspace, np.uint8)
        counts = Processor(self.image, self.target).call(ENTRY, [words, storage, workspace])
        given = result.from_storage(storage)
        return given.values if isinstance(given, PackedArray) else given, counts

    def macs_of(self) -> Callable[[Instruction], float]:
        """The multiply-accumulates of an instruction of the kernel."""
        strategy = get_strategy(self.choice.strategy)
        contraction = self.layer.problem(self.out).on(self.target)
        each = strategy.macs_per_product(contraction, self.choice.schedule)
        return lambda instruction: strategy.products(instruction) * each


def emulated_targets(names: list[str]) -> list[Target]:
    """The targets of these names.

    Raises:
        ValueError: there is no such target, or it is not one that can be emulated.
    """
    targets = [get_target(name) for name in names]
    for target in targets:
        if target.arch not in ARCHITECTURES:
            allowed = " and ".join(ARCHITECTURES)
            raise ValueError(f"--target {target.name}: only targets of {allowed} are modelled")
    return targets


def model_layer(workload: Workload, setting: ModelSetting) -> ModelRecord:
    """Compile a layer, execute it in an emulator, and cost what ran.

    Args:
        workload: the layer.
        setting: how to compute it.

    Raises:
        ToolMissingError, McaError: a program or package is not there.
        ToolFailedError: the kernel does not link.
        EmulationError: the kernel did what it must not.
    """
    target = get_target(setting.target)
    layer = random_layer(workload, setting.pair)
    problem = layer.problem(setting.out)
    choice = kernel_selector(target, setting.strategy, setting.records)(problem)
    emulated = EmulatedLayer.of(layer, setting.out, target, choice)
    values, counts = emulated.run(layer.x)
    checked = np.array_equal(values, layer.expected(setting.out))
    code = Code.of(disassemble(emulated.image.elf), target.arch)
    model = model_program(code, counts, target, emulated.macs_of())
    return _record(workload, setting, choice, bool(checked), model)


def _record(
    workload: Workload,
    setting: ModelSetting,
    choice: KernelPlan,
    checked: bool,
    model: ProgramModel,
) -> ModelRecord:
    schedule, loop = choice.schedule, model.loop
    return ModelRecord(
        id=workload.id,
        pair=setting.pair,
        target=setting.target,
        strategy=choice.strategy,
        tile=f"{schedule.pixels.data}x{schedule.vectors.data}",
        out=setting.out,
        checked=checked,
        macs=workload.geometry.macs,
        counted_macs=model.counted,
        cycles=model.cycles,
        instructions=model.instructions,
        loop_macs=loop.macs,
        loop_cycles=loop.cycles,
        loop_instructions=loop.instructions,
        loop_share=loop.share,
        loop_instruction_share=model.in_loop,
        unmodelled=model.unmodelled,
        versions=_versions(),
    )


@cache
def random_layer(workload: Workload, pair: str) -> Layer:
    """A layer with the values that it is modelled with."""
    return Layer.random(workload, pair)


@cache
def _versions() -> dict[str, str]:
    import llvmlite.binding as llvm  # noqa: PLC0415  a slow import

    return {
        "LLVM": ".".join(map(str, llvm.llvm_version_info)),
        "llvm-mca": mca_version(),
        "unicorn": version("unicorn"),
    }
