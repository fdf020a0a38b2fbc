"""The programs of LLVM and MLIR that read our IR, of the version that llvmlite has."""

from __future__ import annotations

import os

import llvmlite.binding as llvm

from runtime.tools.__main__ import known_tools
from runtime.tools.llvm_tools import llvm_version
from runtime.tools.tool import Command, Tool, ToolMissingError, UnfitError, Version, find

VERSION = llvm.llvm_version_info[0]


def _probe(command: Command) -> Version:
    version = llvm_version(command)
    if version[0] != VERSION:
        raise UnfitError(f"is version {version[0]}")
    return version


def _tool(name: str, package: str) -> Tool:
    names = (f"{name}-{VERSION}", f"/usr/lib/llvm-{VERSION}/bin/{name}", name)
    candidates = tuple((name,) for name in names)
    return Tool(f"{name} of LLVM {VERSION}", candidates, _probe, (package,))


TOOLS = {
    "mlir-opt": _tool("mlir-opt", f"mlir-{VERSION}-tools"),
    "mlir-translate": _tool("mlir-translate", f"mlir-{VERSION}-tools"),
    "llc": _tool("llc", f"llvm-{VERSION}"),
}
"""By the names of the programs."""


def path_of(name: str) -> str:
    """The path of a program.

    Raises:
        ToolMissingError: there is none of this version.
    """
    (path,) = find(TOOLS[name])
    return path


def why_missing() -> str | None:
    """Why the tests that need these programs cannot run, or nothing if they can."""
    try:
        for name in TOOLS:
            path_of(name)
    except ToolMissingError as error:
        return str(error)
    return None


def must_be_there() -> bool:
    """Whether this is CI, and these programs are among those that it installs."""
    declared = {package for tool in known_tools() for package in tool.packages}
    needed = {package for tool in TOOLS.values() for package in tool.packages}
    return bool(os.environ.get("CI")) and needed <= declared
