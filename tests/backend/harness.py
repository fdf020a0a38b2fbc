"""From the text of a module at the loops level to assembly, or to functions on numpy arrays."""

import ctypes
import re
from collections.abc import Callable
from functools import cache

import numpy as np
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import Float32Type, IntegerType, MemRefType, ModuleOp
from xdsl.ir import Attribute
from xdsl.parser import Parser
from xdsl.transforms.convert_scf_to_cf import ConvertScfToCf

from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.lowbit_to_llvm import LowbitToLLVMPass
from lowering.llvm.object import compile_assembly, compile_object
from lowering.simd.simd_lower import SimdLowerPass
from lowering.targets import TARGETS, get_target, restrict
from lowering.universe import register_dialects
from runtime.jit import LoadedObject


def host_classes() -> list[str]:
    """The host, and the host restricted to each class that it is stronger than."""
    host, names = get_target("host"), ["host"]
    for isa in ("avx2", "sse2"):
        try:
            restricted = restrict(host, isa)
        except ValueError:
            continue
        if restricted is not host:
            names.append(f"host+{isa}")
    return names


RUN = host_classes()
COMPILE = list(TARGETS)


@cache
def _context() -> Context:
    context = Context()
    register_dialects(context)
    return context


def parse(text: str) -> ModuleOp:
    module = Parser(_context(), text).parse_module()
    module.verify()
    return module


def to_llvm(text: str, target: str) -> ModuleOp:
    module = parse(text)
    for step in (SimdLowerPass(target), ConvertScfToCf(), LowbitToLLVMPass(target)):
        step.apply(_context(), module)
        module.verify()
    return module


def llvm_ir(text: str, target: str) -> str:
    return module_to_llvm_ir(to_llvm(text, target), get_target(target))


def assembly(text: str, target: str) -> str:
    return compile_assembly(llvm_ir(text, target), get_target(target))


def inner_loop(assembly: str) -> list[str]:
    """The instructions of the longest block that branches back to its own label."""
    blocks = re.findall(
        r"^(\.\w+):\n((?:\t.*\n)*?)(\t(?:j|b)\S*\s+\1\n)", assembly, flags=re.MULTILINE
    )
    assert blocks, assembly
    lines = max((body + jump for _, body, jump in blocks), key=len).splitlines()
    return [line.strip() for line in lines if not line.strip().startswith(".")]


def calls(assembly: str) -> list[str]:
    """What a kernel that needs no library does not have."""
    return re.findall(r"^\t(?:callq?|bl|blx|jmp\s+\w+@PLT)\s.*$", assembly, flags=re.MULTILINE)


def _ctype(type: Attribute, index_bits: int) -> type:
    if isinstance(type, MemRefType):
        return ctypes.c_void_p
    if isinstance(type, Float32Type):
        return ctypes.c_float
    bits = type.width.data if isinstance(type, IntegerType) else index_bits
    return {8: ctypes.c_int8, 16: ctypes.c_int16, 32: ctypes.c_int32, 64: ctypes.c_int64}[bits]


def load(text: str, target: str = "host", name: str = "f") -> Callable[..., int | float | None]:
    """The function `name`; it takes arrays for memrefs, of the right size."""
    found = next(
        op for op in parse(text).walk() if isinstance(op, func.FuncOp) and op.sym_name.data == name
    )
    data = compile_object(llvm_ir(text, target), get_target(target))
    loaded = LoadedObject(data, [name])
    inputs = list(found.function_type.inputs)
    results = [_ctype(t, 64) for t in found.function_type.outputs]
    pointer = ctypes.CFUNCTYPE(results[0] if results else None, *(_ctype(t, 64) for t in inputs))(
        loaded.address(name)
    )

    def call(*arguments: np.ndarray | float) -> int | float | None:
        assert len(arguments) == len(inputs)
        values: list[float] = []
        for argument, type in zip(arguments, inputs, strict=True):
            if isinstance(argument, np.ndarray):
                assert isinstance(type, MemRefType)
                assert argument.shape == type.get_shape()
                values.append(argument.ctypes.data)
            else:
                values.append(argument)
        return pointer(*values)

    call.keep = loaded  # type: ignore[attr-defined]  the code lives as long as this
    return call
