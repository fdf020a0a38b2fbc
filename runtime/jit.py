"""Object files in memory, loaded into this process.

LLVM's ORC JIT is used as a linker and loader only: it gets objects, freshly compiled or from the
cache, and never IR. That takes a tenth of a millisecond.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from functools import cache

import llvmlite.binding as llvm
from llvmlite.binding.common import _is_shutting_down

from lowering.llvm.lock import with_llvm
from lowering.targets import get_target

_ELF_HEADER = struct.Struct("<4sBBB9xHH")


class JitError(Exception):
    """An object cannot be loaded, or lacks a symbol."""


@cache
def _target_machine() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        reloc="pic", codemodel="default", jit=True
    )


class _Linker:
    """A JIT for a few objects.

    A JIT never forgets a library: 8 kB are kept for each one that was unloaded. So each serves
    `_OBJECTS` objects only, and LLVM frees it together with the last of these. A JIT for each
    object would take 110 kB more for every executable that is alive.
    """

    _OBJECTS = 16

    def __init__(self) -> None:
        self._jit = llvm.create_lljit_compiler(_target_machine())
        self._count = 0

    @property
    def is_full(self) -> bool:
        """Whether it has linked as many objects as it may."""
        return self._count >= self._OBJECTS

    def link(self, library: llvm.JITLibraryBuilder) -> llvm.ResourceTracker:
        """Load a library into memory, where it stays as long as the tracker."""
        self._count += 1
        return library.link(self._jit, f"lowbit.{self._count}")


_linker: _Linker | None = None
"""The linker of the objects that are loaded next; LLVM's lock guards it."""


@with_llvm
def _link(library: llvm.JITLibraryBuilder) -> llvm.ResourceTracker:
    global _linker  # noqa: PLW0603
    if _linker is None or _linker.is_full:
        _linker = _Linker()
    return _linker.link(library)


@with_llvm
def _unload(tracker: llvm.ResourceTracker) -> None:
    tracker.close()


def _check(data: bytes) -> None:
    """Refuse what LLVM would rather end the process than refuse."""
    host = get_target("host").architecture
    if len(data) < _ELF_HEADER.size:
        raise JitError(f"an object file of {len(data)} bytes is truncated")
    magic, _, endian, _, kind, machine = _ELF_HEADER.unpack_from(data)
    if magic != b"\x7fELF" or endian != 1:
        raise JitError("the object file is not a little-endian ELF file")
    if kind != 1:
        raise JitError(f"the ELF file is of kind {kind}: expected 1, a relocatable object")
    if machine != host.elf_machine:
        raise JitError(
            f"the object file is for ELF machine {machine}, this process is {host.name} "
            f"({host.elf_machine})"
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
            reason = " ".join(str(error).split())
            raise JitError(f"cannot load the object: {reason}") from None
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
