"""Programs of LLVM that read what lowbit writes."""

from __future__ import annotations

import re

import llvmlite.binding as llvm

from runtime.tools.tool import Command, Tool, UnfitError, Version, find, run_probe

NEWEST_LLVM = 30
"""The last version whose programs are looked for by the names that Debian gives them."""
OLDEST_MCA = 19
"""The first version of llvm-mca that leaves out instructions which a model lacks."""
OLDEST_OBJDUMP = 13
"""The first version of llvm-objdump whose addresses of branches stand in every line."""

_VERSION = re.compile(r"(?:LLVM version|LLD) (\d+)\.(\d+)\.(\d+)")


def llvm_names(name: str, oldest: int) -> tuple[Command, ...]:
    """What a program of LLVM may be called: `name-22` as in Debian, or `name`."""
    return (*((f"{name}-{v}",) for v in range(NEWEST_LLVM, oldest - 1, -1)), (name,))


def llvm_version(command: Command) -> Version:
    """The version that a program of LLVM says it has.

    Raises:
        UnfitError: it does not run, or says none.
    """
    match = _VERSION.search(run_probe([*command, "--version"]))
    if match is None:
        raise UnfitError("does not say its version")
    return tuple(map(int, match.groups()))


def llvm_tool(name: str, oldest: int, package: str) -> Tool:
    """A program of LLVM of version `oldest` or later."""

    def probe(command: Command) -> Version:
        version = llvm_version(command)
        if version[0] < oldest:
            raise UnfitError(f"is version {version[0]}")
        return version

    return Tool(f"{name} of LLVM {oldest} or later", llvm_names(name, oldest), probe, (package,))


def llvmlite_tool(name: str, package: str) -> Tool:
    """A program of LLVM of the version that llvmlite has, which reads the same IR.

    `package` is its name with a place for the version.
    """
    wanted = llvm.llvm_version_info[0]

    def probe(command: Command) -> Version:
        version = llvm_version(command)
        if version[0] != wanted:
            raise UnfitError(f"is version {version[0]}")
        return version

    names = (f"{name}-{wanted}", f"/usr/lib/llvm-{wanted}/bin/{name}", name)
    candidates = tuple((candidate,) for candidate in names)
    return Tool(f"{name} of LLVM {wanted}", candidates, probe, (package.format(wanted),))


LLVM_MCA = llvm_tool("llvm-mca", OLDEST_MCA, "llvm-19")
LLVM_OBJDUMP = llvm_tool("llvm-objdump", OLDEST_OBJDUMP, "llvm-19")
MLIR_OPT = llvmlite_tool("mlir-opt", "mlir-{}-tools")
MLIR_TRANSLATE = llvmlite_tool("mlir-translate", "mlir-{}-tools")
LLC = llvmlite_tool("llc", "llvm-{}")


def find_mca() -> Command:
    """The newest llvm-mca.

    Raises:
        ToolMissingError: there is none that can do.
    """
    return find(LLVM_MCA)


def find_objdump() -> Command:
    """The newest llvm-objdump.

    Raises:
        ToolMissingError: there is none that can do.
    """
    return find(LLVM_OBJDUMP)
