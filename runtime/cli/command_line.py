"""`lowbit`: finds the subcommand, and turns whatever goes wrong into one line and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn

from runtime.cli.diagnostics import one_line

DESCRIPTION = """\
Compile, run and look into networks with weights and activations of few bits.

A network is a file of MLIR with functions of tensors such as
tensor<1x8x8x16x!lowbit.unipolar<2>>; arrays are numpy's .npy files.
"""

EPILOG = """\
examples:
  lowbit run net.mlir --input x.npy --output y.npy
  lowbit compile net.mlir --target=cortex-a53 -o out/
  lowbit inspect net.mlir --level=kernels
  lowbit tune net.mlir --records=tuned.jsonl

`lowbit COMMAND --help` says more about a command; `lowbit-opt` runs single passes.
Compiled objects are kept in ~/.cache/lowbit, or where LOWBIT_CACHE says; LOWBIT_CACHE= keeps none.
LOWBIT_CACHE_LIMIT (default 1G) is the room they may take.
"""


@dataclass(frozen=True)
class Command:
    """A subcommand: the module with its `add_arguments` and `execute`, and a line of help."""

    module: str
    summary: str


COMMANDS = {
    "run": Command("runtime.cli.run", "run a function on arrays"),
    "compile": Command(
        "runtime.cli.compile", "write a library for C programs, or IR, assembly, an object"
    ),
    "inspect": Command("runtime.cli.inspect", "show every level, the assembly, and what it costs"),
    "verify": Command(
        "runtime.cli.verify", "prove that a model's integers are those of its float graph"
    ),
    "tune": Command("runtime.cli.tune", "measure which kernels suit this machine best"),
    "bench": Command("runtime.cli.bench", "time the kernels on known layers"),
}
"""All subcommands. Their modules are imported only when they are called."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Print the error and exit with 2."""
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def make_parser(arguments: Sequence[str]) -> Parser:
    """The parser for these arguments: only the command that they name is loaded."""
    parser = Parser(
        "lowbit",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"lowbit {version('lowbit')}")
    common = Parser(add_help=False)
    common.add_argument(
        "--debug", action="store_true", help="show the Python traceback of an error"
    )
    subparsers = parser.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", required=True
    )
    called = next((a for a in arguments if a in COMMANDS), None)
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(
            name,
            help=command.summary,
            parents=[common],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == called:
            module = import_module(command.module)
            subparser.description = module.__doc__
            module.add_arguments(subparser)
            subparser.set_defaults(execute=module.execute)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `lowbit` on arguments, or on those of the process, and return its exit code.

    0 is success, 1 a failure told in one line on stderr, 2 wrong arguments.

    Raises:
        KeyboardInterrupt: the user ended it.
    """
    arguments = sys.argv[1:] if arguments is None else arguments

    def execute() -> int:
        parsed = make_parser(arguments).parse_args(arguments)
        return parsed.execute(parsed)

    return run_command(execute, is_debugged="--debug" in arguments)


def run_command(execute: Callable[[], int], is_debugged: bool = False) -> int:
    """The exit code of a command: warnings are lines on stderr, errors a line and exit code 1.

    Args:
        execute: does what the command does, and returns its exit code.
        is_debugged: whether errors are raised instead.

    Raises:
        KeyboardInterrupt: the user ended it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _show_warning
            code = execute()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if is_debugged:
            raise
        print(f"error: {one_line(error)}", file=sys.stderr)
        return 1


def _show_warning(message: Warning | str, *_: object) -> None:
    print(f"warning: {' '.join(str(message).split())}", file=sys.stderr)
