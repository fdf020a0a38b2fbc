"""What went wrong, in one line."""

from __future__ import annotations

from lowering.llvm.object import CompileError
from lowering.support.diagnostics import OpFailedException, explain, location_of, show_location
from runtime.jit import JitError
from runtime.object_cache.cache import CacheError
from runtime.remote.machine import MachineError
from runtime.tuner.storage import TunerError


def one_line(error: BaseException) -> str:
    """The message for an error, with the place in the input where that is known."""
    if isinstance(error, OpFailedException):
        return _join(f"{show_location(location_of(error.op))}{error}")
    if isinstance(error, MemoryError):
        return _join(f"not enough memory: {error}")
    if isinstance(error, CompileError | CacheError | JitError | MachineError | TunerError):
        return _join(str(error))
    return explain(error).splitlines()[0].removeprefix("error: ")


def _join(text: str) -> str:
    return " ".join(text.split())
