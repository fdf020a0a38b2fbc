"""From a module of tensors to an object file and the signatures of its functions."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from lowbit_dialect.at_fork import COMPILER_LOCK
from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.lowbit_to_llvm import LowbitToLLVMPass
from lowering.llvm.object import compile_object
from lowering.pipeline import Hook, Step, passes, walk
from lowering.record_sources import SHIPPED_RECORDS
from lowering.support.composite import flattened
from lowering.support.pipeline_spec import parse_passes
from lowering.targets import Target
from lowering.universe import all_passes
from runtime.signature import Signature
from runtime.signatures import signatures


def build_object(
    module: ModuleOp,
    target: Target,
    strategy: str = "auto",
    records: str = SHIPPED_RECORDS,
    pipeline: Sequence[ModulePass] | None = None,
    after: Hook | None = None,
) -> tuple[list[Signature], bytes]:
    """Signatures and object file of a module of tensors; the module stays as it is."""
    with COMPILER_LOCK, _without_garbage_collection():
        module = module.clone()
        found = lower_to_llvm(module, target, strategy, records, pipeline, after)
        text = module_to_llvm_ir(module, target)
    return found, compile_object(text, target)


def lower_to_llvm(
    module: ModuleOp,
    target: Target,
    strategy: str = "auto",
    records: str = SHIPPED_RECORDS,
    pipeline: Sequence[ModulePass] | None = None,
    after: Hook | None = None,
) -> list[Signature]:
    """Lower a module in place to LLVM's dialect; the signatures of its functions.

    `pipeline` are the passes to run in place of those from tensors to llvm, which must end with
    `lowbit-to-llvm`; `after` is told of each pass.

    Raises:
        ValueError: the pipeline does not lower to LLVM's dialect.
    """
    if pipeline is None:
        pipeline = passes(target.name, "llvm", strategy, records)
    if not any(isinstance(step, LowbitToLLVMPass) for step in flattened(pipeline)):
        raise ValueError(f"the pipeline must reach level llvm: it has no {LowbitToLLVMPass.name}")
    found: list[Signature] = []
    with COMPILER_LOCK, _without_garbage_collection():

        def before(step: Step, module: ModuleOp) -> None:
            if isinstance(step.run, LowbitToLLVMPass):
                found.extend(signatures(module))

        walk(module, pipeline, after, before)
    return found


def parsed_pipeline(text: str) -> tuple[ModulePass, ...]:
    """The passes of the text of a pipeline, passes of installed packages included.

    Raises:
        PipelineError: the text does not parse, or names a pass or an option that does not exist.
    """
    return parse_passes(all_passes(), text)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Leave cycles alone while IR is built, which is all cycles and nearly all alive.

    To search it again and again took a third of the time of a network.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
