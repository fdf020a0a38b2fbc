"""The constants of a module, and names that are not taken."""

from __future__ import annotations

from copy import copy

from xdsl.dialects import func, llvm, memref
from xdsl.dialects.builtin import (
    BytesAttr,
    DenseIntOrFPElementsAttr,
    LocationAttr,
    MemRefType,
    ModuleOp,
    StringAttr,
    TensorType,
    UnitAttr,
)
from xdsl.ir import Attribute

_NAMED = (func.FuncOp, memref.GlobalOp, llvm.FuncOp, llvm.GlobalOp)


class Globals:
    """Constants of a module by their bytes, the same one for the same bytes and type."""

    def __init__(self, module: ModuleOp, prefix: str = ""):
        """`prefix` begins the names that are made."""
        self.module, self.prefix = module, prefix
        self._names: dict[tuple[bytes, Attribute], str] = {}
        self._globals: dict[str, memref.GlobalOp] = {}
        self.symbols: set[str] = set()
        for op in module.body.block.ops:
            if not isinstance(op, _NAMED):
                continue
            self.symbols.add(op.sym_name.data)
            if isinstance(op, memref.GlobalOp):
                self._globals[op.sym_name.data] = op
            if isinstance(op, memref.GlobalOp) and _is_ours(op):
                value = op.initial_value
                assert isinstance(value, DenseIntOrFPElementsAttr)
                self._names.setdefault((value.data.data, op.type), op.sym_name.data)

    def under(self, prefix: str) -> Globals:
        """The same constants and names, with another prefix for those that are made."""
        other = copy(self)
        other.prefix = prefix
        return other

    def fresh(self, suffix: str) -> str:
        """A name that begins with the prefix and that nothing in the module has."""
        name = f"{self.prefix}_{suffix}" if self.prefix else suffix
        while name in self.symbols:
            name += "_"
        self.symbols.add(name)
        return name

    def constant(
        self, image: bytes, type_: MemRefType, location: LocationAttr | None = None
    ) -> str:
        """Name of a constant with these bytes, which is made at a location where there is none."""
        key = (image, type_)
        if key not in self._names:
            number = 0
            while f"{self.prefix}_constant_{number}" in self.symbols:
                number += 1
            name = self.fresh(f"constant_{number}")
            tensor = TensorType(type_.element_type, type_.get_shape())
            self._globals[name] = memref.GlobalOp.get(
                StringAttr(name),
                type_,
                DenseIntOrFPElementsAttr(tensor, BytesAttr(image)),  # pyright: ignore
                sym_visibility=StringAttr("private"),
                constant=UnitAttr(),
            )
            if location is not None:
                self._globals[name].location = location
            self.module.body.block.add_op(self._globals[name])
            self._names[key] = name
        return self._names[key]

    def typed(self, name: str, type_: MemRefType) -> str:
        """Name of a global of a type with the bytes of another one, which it is where that fits."""
        found = self._globals.get(name)
        if found is None or found.type == type_ or not _is_ours(found):
            return name
        value = found.initial_value
        assert isinstance(value, DenseIntOrFPElementsAttr)
        return self.constant(value.data.data, type_, found.location)


def _is_ours(op: memref.GlobalOp) -> bool:
    """Whether nothing but its bytes and type tells a global from another one."""
    return (
        op.sym_visibility.data == "private"
        and op.constant is not None
        and op.alignment is None
        and isinstance(op.initial_value, DenseIntOrFPElementsAttr)
    )
