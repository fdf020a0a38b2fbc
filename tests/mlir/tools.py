"""The programs of LLVM and MLIR that read our IR, of the version that llvmlite has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import llvmlite.binding as llvm

from runtime.aot.toolchain import ToolMissingError

VERSION = llvm.llvm_version_info[0]
PACKAGES = {
    "mlir-opt": f"mlir-{VERSION}-tools",
    "mlir-translate": f"mlir-{VERSION}-tools",
    "llc": f"llvm-{VERSION}",
}
"""Program to package of Debian."""

_INSTALLED_IN_CI = Path(__file__).parents[2] / ".ci" / "install_tools"


@cache
def find(tool: str) -> str:
    """The path of a program of this version.

    Raises:
        ToolMissingError: there is none.
    """
    folder = f"/usr/lib/llvm-{VERSION}/bin/{tool}"
    for name in (f"{tool}-{VERSION}", folder, tool):
        path = shutil.which(name)
        if path and (name != tool or _version(path) == VERSION):
            return path
    raise ToolMissingError(
        f"no {tool} of LLVM {VERSION} on the PATH; Debian's package {PACKAGES[tool]} has it"
    )


def _version(path: str) -> int | None:
    command = [path, "--version"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"LLVM version (\d+)", said.stdout)
    return int(found[1]) if found else None


def why_missing() -> str | None:
    """Why the tests that need these programs cannot run, or nothing if they can."""
    for tool in PACKAGES:
        try:
            find(tool)
        except ToolMissingError as error:
            return str(error)
    return None


def must_be_there() -> bool:
    """Whether this is CI, and its list of what it installs has these programs."""
    declared = _INSTALLED_IN_CI.read_text(encoding="utf-8")
    return bool(os.environ.get("CI")) and all(p in declared for p in PACKAGES.values())
