"""The kernel of 16-bit integers of a layer by the same model, for ratios like published ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from xdsl.context import Context

from benchmarks.int16.baseline import int16_baseline
from benchmarks.int16.kernel import FUNCTION, Int16Kernel
from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.object import compile_object
from lowering.pipeline import passes_of
from lowering.strategies.instructions import multiplied
from lowering.targets import Target, get_target
from runtime.analysis.disassembly import Code, disassemble
from runtime.analysis.program_model import ProgramModel, model_program
from runtime.emulation.image import Image
from runtime.emulation.processor import EmulationError, Processor
from runtime.measure.layer import Layer
from runtime.measure.model import ModelSetting, model_layer, random_layer
from runtime.measure.model_record import ModelRecord
from runtime.measure.workloads import Workload


@dataclass(frozen=True)
class Int16Model:
    """Figures of a call, and whether its sums were those of the reference."""

    model: ProgramModel
    checked: bool


def model_with_int16(workload: Workload, setting: ModelSetting) -> ModelRecord:
    """The model of a layer, with the figures of the kernel of 16-bit integers beside it.

    Raises:
        ToolMissingError, McaError, ToolFailedError, EmulationError: see `model_layer`.
    """
    record = model_layer(workload, setting)
    int16 = _int16_model(workload, get_target(setting.target))
    if not int16.checked:
        raise EmulationError(f"{workload.id}: the kernel of 16-bit integers gives wrong sums")
    loop = int16.model.loop.mac_per_cycle
    return replace(record, int16_cycles=int16.model.cycles, int16_loop=loop)


@cache
def _int16_model(workload: Workload, target: Target) -> Int16Model:
    """Of any pair: the values do not matter."""
    return int16_model(random_layer(workload, "A2W2"), target)


def int16_model(layer: Layer, target: Target) -> Int16Model:
    """Run the kernel of 16-bit integers on the values of a layer, and cost what ran.

    Raises:
        ToolMissingError, McaError: a program or package is not there.
        EmulationError: the kernel did what it must not.
    """
    geometry = layer.workload.geometry
    kernel = int16_baseline(geometry, target).kernel
    image = Image.link(_object(kernel), target, FUNCTION)
    x, w = layer.x.astype(np.int16), layer.w.astype(np.int16)
    if layer.workload.is_matmul:
        x, w = x[None, None], w.T[:, None, None]
    sums = np.zeros(kernel.output_shape, np.int32)
    buffers = [kernel.frame(x), kernel.pack(w), sums]
    counts = Processor(image, target).call(FUNCTION, buffers)
    code = Code.of(disassemble(image.elf), target.arch)
    expected = layer.sums.reshape(*sums.shape[:3], geometry.oc)
    return Int16Model(
        model_program(code, counts, target, multiplied),
        np.array_equal(sums[..., : geometry.oc], expected),
    )


def _object(kernel: Int16Kernel) -> bytes:
    module = kernel.module()
    for level in ("simd", "llvm"):
        for step in passes_of(level, kernel.target.name):
            step.apply(Context(), module)
    return compile_object(module_to_llvm_ir(module, kernel.target), kernel.target)
