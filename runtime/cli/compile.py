"""Write a module at any level on its way to machine code, for any target.

mlir   IR after the passes that reach a level (--level)
llvm   LLVM IR, as it leaves LLVM's passes; with --opt=0 as it enters them
asm    assembly
obj    a relocatable object file
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.object import compile_assembly, compile_object, optimized_llvm_ir
from lowering.pipeline import LEVELS, lower
from lowering.targets import Target, get_target
from runtime.cli.arguments import add_file, add_records, add_target
from runtime.cli.files import check_writable, write_files
from runtime.source import parse_module, read_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `lowbit compile`."""
    add_file(parser)
    parser.add_argument(
        "--emit", required=True, choices=("mlir", *_EMITTERS), help="what to write, see above"
    )
    add_target(parser)
    add_records(parser)
    parser.add_argument(
        "--level",
        choices=tuple(LEVELS),
        help="the level of --emit=mlir (default: llvm, the last one)",
    )
    parser.add_argument(
        "--opt",
        type=int,
        choices=range(4),
        default=2,
        help="level of LLVM's optimisations (default: 2)",
    )
    parser.add_argument(
        *("-o", "--output"),
        type=Path,
        metavar="OUT",
        help="where it goes (default: stdout; an object file needs one)",
    )


def execute(args: argparse.Namespace) -> int:
    """Run the command."""
    target = get_target(args.target)
    if args.level is not None and args.emit != "mlir":
        raise ValueError(f"--level={args.level} goes with --emit=mlir, not with --emit={args.emit}")
    if args.emit == "obj" and args.output is None:
        raise ValueError("an object file is not for the screen: name one with -o")
    if args.output is not None:
        check_writable(args.output)
    module = parse_module(read_text(args.file), str(args.file))
    if args.emit == "mlir":
        lower(module, target.name, args.level or "llvm", records=args.records)
        content: str | bytes = str(module) + "\n"
    else:
        lower(module, target.name, records=args.records)
        content = _EMITTERS[args.emit](module, target, args.opt)
    if args.output is None:
        assert isinstance(content, str), "checked above"
        print(content, end="")
        return 0
    data = content.encode() if isinstance(content, str) else content
    write_files({args.output: lambda file: file.write(data)})
    return 0


def _llvm(module: ModuleOp, target: Target, opt: int) -> str:
    text = module_to_llvm_ir(module, target)
    return optimized_llvm_ir(text, target, opt) if opt else text


def _assembly(module: ModuleOp, target: Target, opt: int) -> str:
    return compile_assembly(module_to_llvm_ir(module, target), target, opt)


def _object(module: ModuleOp, target: Target, opt: int) -> bytes:
    return compile_object(module_to_llvm_ir(module, target), target, opt)


_EMITTERS: dict[str, Callable[[ModuleOp, Target, int], str | bytes]] = {
    "llvm": _llvm,
    "asm": _assembly,
    "obj": _object,
}
