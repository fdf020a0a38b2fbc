"""The programs of LLVM and MLIR that read our IR, of the version that llvmlite has."""

from __future__ import annotations

from runtime.tools import ToolMissingError, find
from runtime.tools.llvm_tools import LLC, MLIR_OPT, MLIR_TRANSLATE

TOOLS = {"mlir-opt": MLIR_OPT, "mlir-translate": MLIR_TRANSLATE, "llc": LLC}
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
