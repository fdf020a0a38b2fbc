"""The known tools: what is found here, and the packages that are missing."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table

from lowering.targets import get_target
from runtime.tools.c_tools import c_compiler, cxx_compiler, linker
from runtime.tools.emulators import emulator
from runtime.tools.llvm_tools import LLC, LLVM_MCA, LLVM_OBJDUMP, MLIR_OPT, MLIR_TRANSLATE
from runtime.tools.tool import Tool, ToolMissingError, find

_CROSS = ("cortex-a53", "cortex-a9", "rv64gc")
"""A target of each architecture that is emulated."""


def known_tools() -> Iterator[Tool]:
    """What the project uses, for this machine and for the emulated ones."""
    host = get_target("host")
    yield from (c_compiler(host), cxx_compiler(host), linker(host))
    for target in map(get_target, _CROSS):
        yield from (c_compiler(target), linker(target), emulator(target))
    yield from (LLVM_MCA, LLVM_OBJDUMP, MLIR_OPT, MLIR_TRANSLATE, LLC)


def main() -> None:
    """Print a table of the tools, or the packages that have what is missing."""
    parser = argparse.ArgumentParser(prog="python -m runtime.tools", description=__doc__)
    parser.add_argument(
        "--missing",
        action="store_true",
        help="print the packages of Debian and Ubuntu that have what is missing, a line each",
    )
    args = parser.parse_args()
    table = Table("tool", "command, or what to install", box=box.SIMPLE)
    missing: dict[str, None] = {}
    for tool in known_tools():
        try:
            table.add_row(tool.name, shlex.join(find(tool)))
        except ToolMissingError as error:
            table.add_row(tool.name, str(error), style="yellow")
            missing |= dict.fromkeys(tool.packages)
    if args.missing:
        print("".join(f"{package}\n" for package in missing), end="")
    else:
        Console(highlight=False, markup=False).print(table)


if __name__ == "__main__":
    main()
