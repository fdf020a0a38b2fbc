"""C compilers and linkers for a target.

Writing an object takes no program. A shared library takes LLVM's linker, or a C compiler for the
target; a C program takes a C compiler. The PyPI package `ziglang` does the work of both.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

from lowering.llvm.object import compile_object
from lowering.targets import Target
from runtime.tools.llvm_tools import llvm_names, llvm_version
from runtime.tools.platforms import is_native, platform_of
from runtime.tools.tool import Command, Tool, ToolMissingError, Version, find, run_probe

OLDEST_LLD = 14

_PROGRAM = """#include <stdio.h>
int main(void) { return puts("lowbit") < 0; }
"""
_FUNCTION = "define i32 @lowbit_probe() {\n  ret i32 0\n}\n"
_OR_ZIG = ", PyPI in ziglang (pip install 'lowbit[ziglang]')"


def find_c_compiler(target: Target) -> Command:
    """The command that compiles and links C programs for a target, static and dynamic ones.

    Raises:
        ToolMissingError: there is none.
    """
    tool = c_compiler(target)
    return _or_zig(tool, ("cc", "-target", platform_of(target).zig))


def find_cxx_compiler(target: Target) -> Command:
    """The command that compiles and links C++ programs for a target.

    Raises:
        ToolMissingError: there is none.
    """
    return _or_zig(cxx_compiler(target), ("c++", "-target", platform_of(target).zig))


def find_linker(target: Target) -> Command:
    """The command that links shared libraries for a target; a compiler's holds `-nostdlib`.

    Raises:
        ToolMissingError: there is none.
    """
    try:
        return find(linker(target))
    except ToolMissingError as error:
        try:
            return (*find(c_compiler(target)), "-nostdlib")
        except ToolMissingError:
            return _zig(("ld.lld",), error)


@cache
def c_compiler(target: Target) -> Tool:
    """The C compiler for a target, as a tool."""
    known = platform_of(target)
    own: tuple[Command, ...] = (("cc",), ("gcc",), ("clang",)) if is_native(target) else ()
    return Tool(
        f"C compiler for {target.name}",
        (*own, *known.compilers),
        partial(_probe_compiler, is_native=is_native(target), suffix=".c"),
        known.packages,
        _OR_ZIG,
    )


@cache
def cxx_compiler(target: Target) -> Tool:
    """The C++ compiler for a target, as a tool."""
    known = platform_of(target)
    own: tuple[Command, ...] = (("c++",), ("g++",), ("clang++",)) if is_native(target) else ()
    return Tool(
        f"C++ compiler for {target.name}",
        (*own, *((name.replace("gcc", "g++"), *flags) for name, *flags in known.compilers)),
        partial(_probe_compiler, is_native=is_native(target), suffix=".cc"),
        tuple(package.replace("gcc", "g++") for package in known.packages),
        _OR_ZIG,
    )


@cache
def linker(target: Target) -> Tool:
    """LLVM's linker, as a tool that links for a target."""

    def probe(command: Command) -> Version:
        with tempfile.TemporaryDirectory(prefix="lowbit-probe-") as folder:
            source, output = Path(folder, "probe.o"), Path(folder, "probe.so")
            source.write_bytes(compile_object(_FUNCTION, target))
            run_probe([*command, "-shared", "--no-undefined", "-o", str(output), str(source)])
        return llvm_version(command)

    return Tool(
        f"linker for {target.name}",
        llvm_names("ld.lld", OLDEST_LLD),
        probe,
        ("lld",),
        _OR_ZIG,
    )


def _probe_compiler(command: Command, *, is_native: bool, suffix: str) -> Version:
    """Build a program with the C library, both ways; run it if this machine can."""
    with tempfile.TemporaryDirectory(prefix="lowbit-probe-") as folder:
        source, output = Path(folder, f"probe{suffix}"), str(Path(folder, "probe"))
        source.write_text(_PROGRAM)
        for kind in (["-static"], []):
            run_probe([*command, *kind, "-o", output, str(source)])
            if is_native:
                run_probe([output])
    return ()


def _or_zig(tool: Tool, arguments: Sequence[str]) -> Command:
    try:
        return find(tool)
    except ToolMissingError as error:
        return _zig(arguments, error)


def _zig(arguments: Sequence[str], missing: ToolMissingError) -> Command:
    """What `ziglang` has instead. It is not tried: its first program for a target takes minutes.

    Raises:
        ToolMissingError: `missing`, where it is not installed.
    """
    if find_spec("ziglang") is None:
        raise missing
    return (sys.executable, "-m", "ziglang", *arguments)
