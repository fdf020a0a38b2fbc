"""Object files in memory, loaded into this process.

LLVM's ORC JIT is used as a linker and loader only: it gets objects, freshly compiled or from the
cache, and never IR. That takes a tenth of a millisecond.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Iterable
from functools import cache

import llvmlite.binding as llvm
from llvmlite.binding.common import _is_shutting_down

from lowering.llvm.lock import with_llvm
from lowering.targets import get_target

_ELF_MACHINES = {"x86_64": 62, "aarch64": 183, "armv7": 40}
_ELF_HEADER = struct.Struct("<4sBBB9xHH")

_NUMBERS = itertools.count()


class JitError(Exception):
    """An object cannot be loaded, or lacks a symbol."""


@cache
def _linker() -> llvm.LLJIT:
    """The one JIT of this process; the lock is held."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        reloc="pic", codemodel="default", jit=True
    )
    return llvm.create_lljit_compiler(machine)


@with_llvm
def _link(library: llvm.JITLibraryBuilder) -> llvm.ResourceTracker:
    return library.link(_linker(), f"lowbit.{next(_NUMBERS)}")


@with_llvm
def _unload(tracker: llvm.ResourceTracker) -> None:
    tracker.close()


def _check(data: bytes) -> None:
    """Refuse what LLVM would rather end the process than refuse."""
    arch = get_target("host").arch
    if len(data) < _ELF_HEADER.size:
        raise JitError(f"an object file of {len(data)} bytes is truncated")
    magic, _, endian, _, kind, machine = _ELF_HEADER.unpack_from(data)
    if magic != b"\x7fELF" or endian != 1:
        raise JitError("the object file is not a little-endian ELF file")
    if kind != 1:
        raise JitError(f"the ELF file is of kind {kind}: expected 1, a relocatable object")
    if machine != _ELF_MACHINES.get(arch):
        raise JitError(
            f"the object file is for ELF machine {machine}, this process is {arch} "
            f"({_ELF_MACHINES.get(arch)})"
        )


class LoadedObject:
    """An object file in executable memory, until the last reference to this is gone."""

    def __init__(self, data: bytes, symbols: Iterable[str]):
        """Load `data` and look `symbols` up, the names of its functions and globals.

        Raises:
            JitError: if the object is not one of this machine, or lacks a symbol.
        """
        _check(data)
        names = tuple(dict.fromkeys(symbols))
        builder = llvm.JITLibraryBuilder().add_object_img(data)
        for name in names:
            builder.export_symbol(name)
        try:
            tracker = _link(builder)
        except RuntimeError as error:
            raise JitError(f"cannot load the object: {error}") from None
        self._tracker = tracker
        self._addresses = {name: int(tracker[name]) for name in names}

    def __del__(self, is_shutting_down: Callable[[], bool] = _is_shutting_down) -> None:
        """Unload the object, unless the process ends: a thread may never give the lock back."""
        tracker = self.__dict__.pop("_tracker", None)
        if tracker is not None and not is_shutting_down():
            _unload(tracker)

    def address(self, symbol: str) -> int:
        """Where `symbol` is; valid as long as this object lives.

        Raises:
            JitError: if it was not among the symbols asked for.
        """
        try:
            return self._addresses[symbol]
        except KeyError:
            known = ", ".join(self._addresses) or "none"
            raise JitError(f"no symbol {symbol!r} was looked up: expected one of {known}") from None
