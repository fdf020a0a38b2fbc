"""Write a library for programs in C, or a module at any level on its way there, for any target.

Without --emit, OUT is a folder, which is made where there is none. For net.mlir it gets

net.o          an object; it calls nothing, not even libc
libnet.a       the object as a static library
libnet.so      and as a shared one, where there is a linker: lld, a C compiler or ziglang
net.h          the C header: types, shapes, sizes, the rules, stages for threads
net_example.c  a program that runs @main, or the first function, on .npy files; how to build it
               is on top

@main is called net in C, and any other function @f is net_f.

With --emit, OUT is a file:

mlir   IR after the passes that reach a level (--until)
llvm   LLVM IR, as it leaves LLVM's passes; with --opt=0 as it enters them
asm    assembly
obj    a relocatable object file, its functions called as in the module
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

from rich.table import Table
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from lowering.importers.code_interface import CodeInterfacePass
from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.object import compile_assembly, compile_object, optimized_llvm_ir
from lowering.pipeline import LEVELS, walk
from lowering.targets import Target, get_target
from runtime.aot.bundle import make_bundle
from runtime.aot.library import build_library
from runtime.aot.names import check_library_name, library_name
from runtime.cli.arguments import add_file, add_records, add_strategy, add_target
from runtime.cli.console import count, show
from runtime.cli.files import check_folder, check_writable, write_files
from runtime.cli.pipeline import add_pipeline, chosen_passes, printing
from runtime.source import read_module


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `lowbit compile`."""
    add_file(parser)
    parser.add_argument(
        "--emit",
        choices=("mlir", *_EMITTERS),
        help="what to write, see above (default: a library in a folder)",
    )
    add_target(parser)
    add_strategy(parser)
    add_records(parser)
    parser.add_argument(
        *("--until", "--level"),
        dest="until",
        metavar="LEVEL",
        help=f"where --emit=mlir stops: a level ({', '.join(LEVELS)}) or a pass (default: the end)",
    )
    add_pipeline(parser)
    parser.add_argument(
        "--opt",
        type=int,
        choices=range(4),
        default=2,
        help="level of LLVM's optimisations (default: 2)",
    )
    parser.add_argument(
        "--interface",
        choices=("floats", "codes"),
        default="floats",
        help="what inputs and results of a model are: its own floats (default), or the integers of"
        " its quantisers and sums where there is one scale for all",
    )
    parser.add_argument(
        "--name",
        metavar="NAME",
        help="what the library is called in C (default: like the file)",
    )
    parser.add_argument(
        *("-o", "--output"),
        metavar="OUT",
        help="where it goes (default: stdout; an object file and a library need one)",
    )


def execute(args: argparse.Namespace) -> int:
    """Run the command."""
    target = get_target(args.target)
    if args.until is not None and args.emit != "mlir":
        raise ValueError(f"--until={args.until} goes with --emit=mlir")
    if args.emit is None and (args.pipeline is not None or args.print_after):
        raise ValueError("--pipeline and --print-after go with --emit")
    if args.emit is None:
        return _write_library(args, target)
    if args.name is not None:
        raise ValueError(f"--name={args.name} is for a library, not for --emit={args.emit}")
    if args.emit == "obj" and args.output is None:
        raise ValueError("an object file is not for the screen: name one with -o")
    if args.output is not None and args.output.endswith("/"):
        raise ValueError(f"{args.output} is a folder: --emit={args.emit} writes one file")
    output = None if args.output is None else Path(args.output)
    if output is not None:
        check_writable(output)
    module = _read(args)
    pipeline = chosen_passes(args, target, args.until)
    walk(module, pipeline, printing(args, pipeline))
    if args.emit == "mlir":
        content: str | bytes = str(module) + "\n"
    else:
        content = _EMITTERS[args.emit](module, target, args.opt)
    if output is None:
        assert isinstance(content, str), "checked above"
        print(content, end="")
        return 0
    data = content.encode() if isinstance(content, str) else content
    write_files({output: lambda file: file.write(data)})
    return 0


def _read(args: argparse.Namespace) -> ModuleOp:
    """The module, with the interface that is asked for."""
    module = read_module(args.file)
    if args.interface == "codes":
        CodeInterfacePass().apply(Context(), module)
        module.verify()
    return module


def _is_folder(output: str) -> bool:
    """Whether an output is a folder, or a new one and not the name of a file such as `net.o`."""
    if output.endswith("/") or Path(output).is_dir():
        return True
    files = (".a", ".c", ".h", ".ll", ".mlir", ".o", ".obj", ".s", ".so")
    return not Path(output).exists() and not output.endswith(files)


def _write_library(args: argparse.Namespace, target: Target) -> int:
    """Write all files of a library, and say what they are."""
    if args.output is None:
        raise ValueError("a library needs a folder: name one with -o FOLDER/, or give --emit")
    folder = Path(args.output)
    if not _is_folder(args.output):
        raise ValueError(
            f"{args.output} is no folder, and a library is written into one: name a folder with -o,"
            " with a slash at its end where it is new, or give --emit to write a single file"
        )
    check_folder(folder)
    name = library_name(args.file) if args.name is None else args.name
    check_library_name(name)
    module = _read(args)
    bundle = make_bundle(
        build_library(module, name, args.file.name, target, args.records, args.opt, args.strategy)
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_files(
        {
            folder / file: lambda out, content=made.content: out.write(content)
            for file, made in bundle.files.items()
        }
    )
    table = Table("file", "bytes", "what")
    table.columns[1].justify = "right"
    for file, made in bundle.files.items():
        table.add_row(str(folder / file), count(len(made.content)), made.what)
    show(table)
    print(f"to build the program: {bundle.compile_line(folder)}")
    for file, reason in bundle.missing.items():
        # What an earlier run left may be for another target than the header is now.
        (folder / file).unlink(missing_ok=True)
        warnings.warn(f"{folder / file} is not written: {reason}", stacklevel=1)
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
