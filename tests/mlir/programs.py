"""Our modules through the programs of MLIR and LLVM, and back."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from io import StringIO

from xdsl.context import Context
from xdsl.dialects import llvm
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.printer import Printer

from lowering.pipeline import LEVELS
from lowering.support.pass_options import Options
from lowering.targets import Target, get_target
from runtime.build import lower_to_llvm
from runtime.executable import Executable
from runtime.jit import LoadedObject
from runtime.remote.program import Unit
from runtime.source import parse_module
from tests.mlir.tools import path_of

TIME_LIMIT = 120

Levels = Mapping[str, Sequence[type[ModulePass]]]


def run(tool: str, *options: str, text: str | bytes) -> bytes:
    """What a program writes for an input.

    Raises:
        AssertionError: it fails; the message is the first lines of what it said, and the input.
    """
    data = text.encode() if isinstance(text, str) else text
    command = [path_of(tool), *options]
    done = subprocess.run(command, input=data, capture_output=True, timeout=TIME_LIMIT, check=False)
    said = done.stderr.decode(errors="replace").splitlines()
    assert done.returncode == 0, "\n".join(
        [f"{tool} refuses:", *said[:5], "the module:", str(text)]
    )
    return done.stdout


def generic(module: ModuleOp) -> str:
    """The generic form of a module."""
    out = StringIO()
    Printer(out, print_generic_format=True).print_op(module)
    return out.getvalue()


def translated(module: ModuleOp) -> bytes:
    """The LLVM IR of a module of LLVM's dialect, by `mlir-translate`."""
    assert any(module.ops), "an empty module would be read too"
    return run("mlir-translate", "--mlir-to-llvmir", text=str(module))


def object_by_llc(llvm_ir: bytes, target: Target) -> bytes:
    """The object file that `llc` makes of LLVM IR."""
    options = (f"-mcpu={target.cpu}", f"-mattr={target.features}")
    return run("llc", "-O2", "-filetype=obj", "-relocation-model=pic", *options, text=llvm_ir)


def unit_by_llc(module: ModuleOp, target: Target, strategy: str = "auto") -> Unit:
    """A module of tensors, lowered here, translated by MLIR and compiled by `llc`."""
    lowered = module.clone()
    found = lower_to_llvm(lowered, target, strategy)
    lowered.verify()
    return Unit(found, object_by_llc(translated(lowered), target))


def executable_by_llc(module: ModuleOp, target: str, name: str) -> Executable:
    """The function `name` of such a module, ready to be called."""
    unit = unit_by_llc(module, get_target(target))
    (signature,) = (s for s in unit.signatures if s.name == name)
    return Executable(signature, LoadedObject(unit.object, [name]), target)


def first_difference(a: ModuleOp, b: ModuleOp) -> str | None:
    """The first operation in which two modules differ, but for the names of values."""
    if a.is_structurally_equivalent(b):
        return None
    for one, other in zip(a.walk(), b.walk(), strict=False):
        if _own(one) != _own(other):
            return f"{one.name}: {_own(one)}\nbecame {other.name}: {_own(other)}"
    return "operands, blocks or the number of operations"


def _own(op: Operation) -> tuple:
    return op.name, op.properties, op.attributes, op.result_types


def assert_round_trips(module: ModuleOp, where: object) -> None:
    """The generic form goes through `mlir-opt`, and the same module comes back.

    Of functions and globals of LLVM's dialect xDSL parses properties as attributes, and does not
    know MLIR's defaults: these are read only.
    """
    assert any(module.ops), f"{where}: an empty module would come back too"
    options = ("--allow-unregistered-dialect", "--mlir-print-op-generic")
    text = run("mlir-opt", *options, text=generic(module)).decode()
    if any(isinstance(op, llvm.FuncOp | llvm.GlobalOp) for op in module.ops):
        return
    difference = first_difference(module, parse_module(text, f"{where} by mlir-opt"))
    assert difference is None, f"{where}: {difference}"


def check_levels(
    module: ModuleOp, target: str, strategy: str = "auto", levels: Levels = LEVELS
) -> None:
    """Every level is read by MLIR on the way down; `module` is lowered in place."""
    options = Options(target, strategy)
    for level, kinds in levels.items():
        for kind in kinds:
            options.build(kind).apply(Context(), module)
        if level != "llvm":
            assert_round_trips(module, f"{target}, {level}")
    from_text = translated(module)
    from_generic = run("mlir-translate", "--mlir-to-llvmir", text=generic(module))
    assert from_generic == from_text, f"{target}: the generic form of the llvm level differs"
