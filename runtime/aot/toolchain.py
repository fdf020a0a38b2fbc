"""The programs of others that linking and running need: found where they are, never required.

To write an object takes nothing but this package. Behind it:

* a shared library takes LLVM's linker, a C compiler for the target, or the PyPI package `ziglang`;
* a C program takes a C compiler for the target, or `ziglang`;
* to run it on another machine than the target takes QEMU's user-mode emulator.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lowering.targets import Target, get_target

LLVM_VERSIONS = range(30, 13, -1)
"""As distributions name their programs, the newest first."""
_TIME_LIMIT = 900
"""Seconds; the first program that `ziglang` makes for a target takes minutes, for its libc."""


class ToolMissingError(ValueError):
    """A program is not there; the message says how to get it."""


class ToolFailedError(ValueError):
    """A program failed; the message is what it said."""


@dataclass(frozen=True)
class Platform:
    """How the tools call the machines of one architecture.

    `compilers` are C compilers, with what they need to be told; `sysroot` is where the libraries of
    dynamic programs lie if the machine itself has none.
    """

    compilers: tuple[tuple[str, ...], ...]
    packages: str
    zig: str
    emulators: tuple[str, ...] = ()
    sysroot: str = "/"


_ARM_FLAGS = ("-march=armv7-a", "-mfpu=neon", "-mfloat-abi=hard", "-marm")

PLATFORMS: Mapping[str, Platform] = {
    "x86_64": Platform(
        (("x86_64-linux-gnu-gcc",),),
        "gcc",
        "x86_64-linux-musl",
    ),
    "aarch64": Platform(
        (("aarch64-linux-gnu-gcc",),),
        "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
        "aarch64-linux-musl",
        ("qemu-aarch64", "qemu-aarch64-static"),
        "/usr/aarch64-linux-gnu",
    ),
    "armv7": Platform(
        (("arm-linux-gnueabihf-gcc", *_ARM_FLAGS),),
        "gcc-arm-linux-gnueabihf libc6-dev-armhf-cross",
        "arm-linux-musleabihf",
        ("qemu-arm", "qemu-arm-static"),
        "/usr/arm-linux-gnueabihf",
    ),
}
"""By the architecture of a target."""


def platform_of(target: Target) -> Platform:
    """What the tools call the architecture of a target."""
    return PLATFORMS[target.arch]


def is_native(target: Target) -> bool:
    """Whether this machine is of the architecture of a target."""
    return target.arch == get_target("host").arch


def find_linker(target: Target) -> tuple[str, ...]:
    """The command that links shared libraries for a target.

    Raises:
        ToolMissingError: there is none.
    """
    for name in ("ld.lld", *(f"ld.lld-{number}" for number in LLVM_VERSIONS)):
        if path := shutil.which(name):
            return (path,)
    if compiler := next(_compilers(target), None):
        return (*compiler, "-nostdlib")
    if _has_zig():
        return (sys.executable, "-m", "ziglang", "ld.lld")
    raise ToolMissingError(
        f"no linker for {target.name}: Debian and Ubuntu have it in the package lld,"
        " PyPI in ziglang (pip install 'lowbit[ziglang]')"
    )


def find_c_compiler(target: Target) -> tuple[str, ...]:
    """The command that compiles and links C programs for a target.

    Raises:
        ToolMissingError: there is none.
    """
    if compiler := next(_compilers(target), None):
        return compiler
    known = platform_of(target)
    if _has_zig():
        return (sys.executable, "-m", "ziglang", "cc", "-target", known.zig)
    raise ToolMissingError(
        f"no C compiler for {target.name}: Debian and Ubuntu have it in the packages"
        f" {known.packages}, PyPI in ziglang (pip install 'lowbit[ziglang]')"
    )


def find_emulator(target: Target) -> tuple[str, ...]:
    """What goes before a program for a target to run it here, on a processor just like it.

    Nothing, on a machine that has all its instructions.

    Raises:
        ToolMissingError: there is none.
    """
    if is_native(target) and target.isa <= get_target("host").isa:
        return ()
    known = platform_of(target)
    for name in known.emulators:
        if path := shutil.which(name):
            return (path, "-cpu", target.cpu, "-L", known.sysroot)
    raise ToolMissingError(
        f"nothing here runs programs for {target.name}: Debian and Ubuntu have"
        " QEMU's emulators in the package qemu-user"
    )


def link_shared(
    objects: Sequence[Path], output: Path, target: Target, *, soname: str | None = None
) -> None:
    """Link objects as a shared library that needs no other.

    Raises:
        ToolMissingError: there is no linker.
        ToolFailedError: it failed, for example because a symbol is nowhere defined.
    """
    command = find_linker(target)
    # -Bsymbolic: its functions call each other straight, nobody can come between.
    options = ["-shared", "--no-undefined", "-Bsymbolic", f"-soname={soname or output.name}"]
    if "-nostdlib" in command:  # a compiler, which hands options on
        options = [options[0], *(f"-Wl,{option}" for option in options[1:])]
    _run([*command, *options, "-o", str(output), *map(str, objects)])


def link_program(objects: Sequence[Path], output: Path, target: Target, *, entry: str) -> None:
    """Link objects as a static program at fixed addresses, without any library, that starts at
    `entry`.

    Raises:
        ToolMissingError: there is no linker.
        ToolFailedError: it failed, for example because a symbol is nowhere defined.
    """
    command = find_linker(target)
    start = f"-Wl,-e,{entry}" if "-nostdlib" in command else f"--entry={entry}"
    _run([*command, "-static", start, "-o", str(output), *map(str, objects)])


def build_program(
    sources: Sequence[Path],
    output: Path,
    target: Target,
    *,
    static: bool = True,
    options: Sequence[str] = (),
) -> None:
    """Compile and link C sources, objects and libraries as a program.

    `options` come before the files, with the exception of libraries (`-l..`), which come last.

    Raises:
        ToolMissingError: there is no C compiler.
        ToolFailedError: it failed.
    """
    libraries = [option for option in options if option.startswith("-l")]
    others = [option for option in options if not option.startswith("-l")]
    kind = ["-static"] if static else []
    command = [*find_c_compiler(target), "-O2", *kind, *others, "-o", str(output)]
    _run([*command, *map(str, sources), *libraries])


def _compilers(target: Target) -> Iterator[tuple[str, ...]]:
    """C compilers for a target that are there."""
    own = (("cc",), ("gcc",), ("clang",)) if is_native(target) else ()
    for name, *flags in (*own, *platform_of(target).compilers):
        if path := shutil.which(name):
            yield (path, *flags)


def _has_zig() -> bool:
    return find_spec("ziglang") is not None


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIME_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        raise ToolFailedError(f"{command[0]} took more than {_TIME_LIMIT} s") from None
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())[:500]
        raise ToolFailedError(f"{command[0]} failed: {said or f'exit code {done.returncode}'}")
