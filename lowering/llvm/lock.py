"""The lock of LLVM in this process, which is the one that llvmlite takes for each of its calls.

Functions that call LLVM several times in a row hold it all the while (`with_llvm`), and so does a
thread that forks. An interrupt may strike in llvmlite between taking its lock and guarding it, or
between the end of a call and giving it back; then a thread that does not call LLVM would keep it
from all others. `with_llvm` finds that and frees the lock.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from llvmlite.binding import ffi

from lowbit_dialect.at_fork import FORKING, RLock, hold_while_forking

P = ParamSpec("P")
T = TypeVar("T")

LLVM_LOCK: RLock = ffi.lib._lock._lock
"""llvmlite has no public name for it; this package needs one version of llvmlite."""

_HOLDERS = {ffi._lib_fn_wrapper.__call__.__code__}
"""The functions that hold the lock: a thread that has it without being in one has lost it."""


def with_llvm(function: Callable[P, T]) -> Callable[P, T]:
    """A function that holds the lock of LLVM while it runs."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            _free_lost_lock()
            with LLVM_LOCK:
                return function(*args, **kwargs)
        finally:
            _free_lost_lock()

    _HOLDERS.add(cast(Any, run).__code__)
    return run


def _free_lost_lock() -> None:
    """Free the lock where the thread of the caller's caller has it without using it."""
    if not LLVM_LOCK._is_owned():
        return
    frame: Any = sys._getframe(2)
    while frame is not None:
        if frame.f_code in _HOLDERS:
            return
        frame = frame.f_back
    if not FORKING:  # a thread that forks has the lock without being in one of `_HOLDERS`
        LLVM_LOCK._release_save()


hold_while_forking(LLVM_LOCK)
os.register_at_fork(after_in_parent=FORKING.clear, after_in_child=FORKING.clear)
