"""From a module of tensors to an object file and the signatures of its functions."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from lowbit_dialect.at_fork import COMPILER_LOCK
from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.object import compile_object
from lowering.pipeline import LEVELS
from lowering.record_sources import SHIPPED_RECORDS
from lowering.targets import Target
from runtime.signature import Signature, signatures


def build_object(
    module: ModuleOp,
    target: Target,
    strategy: str = "auto",
    records: str = SHIPPED_RECORDS,
) -> tuple[list[Signature], bytes]:
    """Signatures and object file of a module of tensors; the module stays as it is."""
    with COMPILER_LOCK, _without_garbage_collection():
        module = module.clone()
        found = lower_to_llvm(module, target, strategy, records)
        text = module_to_llvm_ir(module, target)
    return found, compile_object(text, target)


def lower_to_llvm(
    module: ModuleOp,
    target: Target,
    strategy: str = "auto",
    records: str = SHIPPED_RECORDS,
) -> list[Signature]:
    """Lower a module of tensors in place to LLVM's dialect; the signatures of its functions."""
    found: list[Signature] = []
    with COMPILER_LOCK, _without_garbage_collection():
        for level, passes in LEVELS.items():
            for step in passes(target.name, strategy, records):
                step.apply(Context(), module)
            if level == "loops":
                found = signatures(module)
    return found


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
