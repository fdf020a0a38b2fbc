"""What lowbit adds to xDSL: dialects and passes, each loaded when somebody asks for it by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from xdsl.context import Context
from xdsl.ir import Dialect
from xdsl.passes import ModulePass
from xdsl.universe import Universe

from lowbit_dialect.at_fork import COMPILER_LOCK, load_module

DIALECTS = {
    "lowbit": "lowbit_dialect.lowbit:Lowbit",
    "qonnx": "lowbit_dialect.qonnx:Qonnx",
    "simd": "lowbit_dialect.simd:Simd",
}
"""Dialect name to `module:object`."""

PASSES = {
    "lowbit-infer-model-shapes": "lowering.importers.infer_model_shapes:InferModelShapesPass",
    "lowbit-fold-model-constants": "lowering.importers.fold_model_constants:FoldModelConstantsPass",
    "lowbit-sink-max-pools": "lowering.importers.sink_max_pools:SinkMaxPoolsPass",
    "lowbit-model-to-integers": "lowering.importers.model_to_integers:ModelToIntegersPass",
    "lowbit-code-interface": "lowering.importers.code_interface:CodeInterfacePass",
    "lowbit-fold-tensors": "lowering.tensors.fold_tensors:FoldTensorsPass",
    "lowbit-remove-quantize-pairs": (
        "lowering.tensors.remove_quantize_pairs:RemoveQuantizePairsPass"
    ),
    "lowbit-float-to-thresholds": "lowering.tensors.float_to_thresholds:FloatToThresholdsPass",
    "lowbit-absorb-bias": "lowering.tensors.absorb_bias:AbsorbBiasPass",
    "lowbit-thresholds-to-shift": "lowering.tensors.thresholds_to_shift:ThresholdsToShiftPass",
    "lowbit-select-kernel": "lowering.kernels.select_kernel:SelectKernelPass",
    "lowbit-propagate-layout": "lowering.kernels.propagate_layout:PropagateLayoutPass",
    "lowbit-fold-constants": "lowering.kernels.fold_constants:FoldConstantsPass",
    "lowbit-fuse-epilogue": "lowering.kernels.fuse_epilogue:FuseEpiloguePass",
    "lowbit-plan-kernels": "lowering.kernels.plan_kernels:PlanKernelsPass",
    "lowbit-split-stages": "lowering.stages.split_stages:SplitStagesPass",
    "lowbit-bufferize": "lowering.stages.bufferize:BufferizePass",
    "lowbit-plan-memory": "lowering.stages.plan_memory:PlanMemoryPass",
    "lowbit-lower-linalg": "lowering.memory.lower_linalg:LowerLinalgPass",
    "lowbit-lower-affine": "lowering.memory.lower_affine:LowerAffinePass",
    "lowbit-lower-memref-copies": "lowering.memory.lower_memref_copies:LowerMemrefCopiesPass",
    "lowbit-lower-contractions": "lowering.loops.lower_contractions:LowerContractionsPass",
    "lowbit-lower-packing": "lowering.loops.lower_packing:LowerPackingPass",
    "lowbit-lower-pools": "lowering.loops.lower_pools:LowerPoolsPass",
    "lowbit-lower-floats": "lowering.loops.lower_floats:LowerFloatsPass",
    "lowbit-lower-pointwise": "lowering.loops.lower_pointwise:LowerPointwisePass",
    "lowbit-lower-corrections": "lowering.loops.lower_corrections:LowerCorrectionsPass",
    "lowbit-lower-copies": "lowering.loops.lower_copies:LowerCopiesPass",
    "lowbit-lower-compute": "lowering.loops.lower_compute:LowerComputePass",
    "lowbit-share-stages": "lowering.stages.share_stages:ShareStagesPass",
    "lowbit-outline-stages": "lowering.stages.outline_stages:OutlineStagesPass",
    "lowbit-to-loops": "lowering.to_loops:ToLoopsPass",
    "lowbit-lower-tile": "lowering.tiles.lower_tile:LowerTilePass",
    "simd-lower": "lowering.simd.simd_lower:SimdLowerPass",
    "lowbit-to-llvm": "lowering.llvm.lowbit_to_llvm:LowbitToLLVMPass",
    "lowbit-pipeline": "lowering.pipeline:PipelinePass",
}
"""Pass name to `module:class`, in the order of the pipeline."""

TARGETS = {
    "lowbit-llvm-ir": "lowering.llvm.emit_targets:LLVMIRTarget",
    "lowbit-asm": "lowering.llvm.emit_targets:AssemblyTarget",
}
"""What `-t` can write, name to `module:class`."""

FRONTENDS = {
    "onnx": "lowering.importers.frontend:OnnxFrontend",
    "qonnx": "lowering.importers.frontend:QonnxFrontend",
}
"""What `-f` can read, and endings of files that are read so, name to `module:class`."""


EXTENDED_DIALECTS = {
    "arith": "lowbit_dialect.arith_ops:ARITH",
    "llvm": "lowbit_dialect.llvm_ops:LLVM",
    "memref": "lowbit_dialect.memref_ops:MEMREF",
}
"""Dialects of xDSL that our tools read with more operations; plain `xdsl-opt` keeps its own."""


def _loader(path: str) -> Callable[[], Any]:
    module, _, name = path.partition(":")
    return lambda: getattr(load_module(module), name)


# xDSL has frontends in universes since 0.75.
_FRONTENDS: dict[str, Any] = (
    {"all_frontends": {name: _loader(path) for name, path in FRONTENDS.items()}}
    if "all_frontends" in signature(Universe.__init__).parameters
    else {}
)

LOWBIT_UNIVERSE = Universe(
    all_dialects={name: _loader(path) for name, path in DIALECTS.items()},
    all_passes={name: _loader(path) for name, path in PASSES.items()},
    all_targets={name: _loader(path) for name, path in TARGETS.items()},
    **_FRONTENDS,
)
"""The entry point `xdsl.universe` names this, so plain `xdsl-opt` sees it too."""


def all_passes() -> Mapping[str, Callable[[], type[ModulePass]]]:
    """Every pass of the environment, by name, each imported when it is loaded."""
    return Universe.get_multiverse().all_passes


def register_dialects(context: Context) -> None:
    """Register every dialect of the environment in `context`, each loaded when it is needed."""
    dialects = Universe.get_multiverse().all_dialects
    extended = {name: _loader(path) for name, path in EXTENDED_DIALECTS.items()}
    for name, factory in (dialects | extended).items():
        context.register_dialect(name, _while_importing(factory))


def _while_importing(factory: Callable[[], Dialect]) -> Callable[[], Dialect]:
    """A factory of a dialect, which imports the dialect's module, and a fork waits for that."""

    def make() -> Dialect:
        with COMPILER_LOCK:
            return factory()

    return make
