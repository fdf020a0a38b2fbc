"""A module as it will be in a library: its functions under their names in C, lowered."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from xdsl.dialects import llvm
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp
from xdsl.ir import Block, Region

from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.function_attributes import KERNEL_PROPERTIES
from lowering.llvm.object import compile_object
from lowering.record_sources import SHIPPED_RECORDS
from lowering.targets import Target
from runtime.aot.names import rename_functions, workspace_query
from runtime.build import lower_to_llvm
from runtime.signature import Signature

VERSION = version("lowbit")


@dataclass(frozen=True)
class LibraryFunction:
    """A function of the library and the symbol that it had in the module."""

    symbol: str
    signature: Signature

    @property
    def name(self) -> str:
        """Its name in C."""
        return self.signature.name

    @property
    def workspace_bytes(self) -> int:
        """Bytes of the workspace; C has no arrays of none."""
        return max(1, self.signature.workspace)


@dataclass(frozen=True)
class Library:
    """What the files of a library are made from.

    `source` is the name of the file with the module, for comments.
    """

    name: str
    source: str
    target: Target
    functions: tuple[LibraryFunction, ...]
    object: bytes

    @property
    def machine(self) -> str:
        """What its code is for, where `host` says nothing."""
        target = self.target
        return target.cpu if target.name.startswith("host") else target.name

    @property
    def main(self) -> LibraryFunction:
        """The function that is called like the library, or the first one."""
        named = (function for function in self.functions if function.name == self.name)
        return next(named, self.functions[0])


def build_library(
    module: ModuleOp,
    name: str,
    source: str,
    target: Target,
    records: str = SHIPPED_RECORDS,
    opt: int = 2,
    strategy: str = "auto",
) -> Library:
    """Compile a module as the library `name`; the module stays as it is.

    Raises:
        ValueError: the name cannot be one of C, or there is nothing to compile.
        PassFailedException: something has no lowering or no name in C; the message says what.
    """
    module = module.clone()
    symbols = rename_functions(module, name)
    functions = tuple(
        LibraryFunction(symbols[signature.name], signature)
        for signature in lower_to_llvm(module, target, strategy, records)
    )
    for function in functions:
        if function.signature.takes_workspace:
            _add_workspace_query(module, function, target)
    data = compile_object(module_to_llvm_ir(module, target), target, opt)
    # A file may have a name that is no text.
    source = source.encode(errors="replace").decode()
    return Library(name, source, target, functions, data)


def _add_workspace_query(module: ModuleOp, function: LibraryFunction, target: Target) -> None:
    """Define `size_t f_workspace_bytes(void)`.

    llvm.func @f_workspace_bytes() -> i64 {
      %0 = llvm.mlir.constant(17216) : i64
      llvm.return %0 : i64
    }
    """
    size_t = IntegerType(target.index_width)
    size = llvm.ConstantOp(IntegerAttr(function.workspace_bytes, size_t), size_t)
    module.body.block.add_op(
        llvm.FuncOp(
            workspace_query(function.name),
            llvm.LLVMFunctionType([], size_t),
            linkage=llvm.LinkageAttr("external"),
            other_props=dict(KERNEL_PROPERTIES),
            body=Region(Block([size, llvm.ReturnOp(size.result)])),
        )
    )
