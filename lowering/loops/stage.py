"""A stage: the function that computes one tensor, over a range of its independent parts.

    func.func @main_2_bitserial_conv(%x: memref<Nxi8>, .., %low: index, %high: index)

All stages of a function take the same buffers. `main` calls them in order with their full range;
a runtime with threads calls each on parts of its range, in any order, and waits between stages.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith, func, llvm, memref
from xdsl.dialects.builtin import (
    ArrayAttr,
    BytesAttr,
    DenseIntOrFPElementsAttr,
    DictionaryAttr,
    FunctionType,
    IndexType,
    IntegerType,
    MemRefType,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    UnitAttr,
)
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.rewriter import Rewriter

from lowbit_dialect.layout import storage_type
from lowbit_dialect.ops.pack import ConstantOp
from lowering.loops.align_workspace import align_workspace
from lowering.loops.buffers import Buffers, Place
from lowering.loops.emit import Emit, Index
from lowering.targets import Target

MAX_POSITIONS = 1 << 12
"""Positions of a window that a table of them may have."""


@dataclass
class Stage:
    """The body of one stage while it is written."""

    emit: Emit
    arguments: Sequence[SSAValue]
    lowering: FunctionLowering
    views: dict[tuple[object, Attribute], SSAValue] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        """The machine compiled for."""
        return self.lowering.target

    def tensor(self, value: SSAValue, shape: Sequence[int] | None = None) -> SSAValue:
        """A tensor value as a memref of its storage, or of another shape of as many elements."""
        assert isinstance(value.type, TensorType)
        storage = storage_type(value.type)
        if shape is not None:
            storage = MemRefType(storage.element_type, shape)
        return self.memory(value, storage)

    def memory(self, value: SSAValue, type_: MemRefType) -> SSAValue:
        """The bytes of a tensor value as a memref of any type of that size."""
        image = self.lowering.image_of(value)
        if image is not None:
            return self.constant(image, type_)
        return self.place(self.lowering.buffers.place(value), type_)

    def place(self, place: Place, type_: MemRefType) -> SSAValue:
        """Part of a buffer argument as a memref."""
        key = (place, type_)
        if key not in self.views:
            self.views[key] = self.emit.view_at_entry(
                self.arguments[place.argument], place.offset, type_
            )
        return self.views[key]

    def constant(self, image: bytes, type_: MemRefType) -> SSAValue:
        """A module-level constant with these bytes."""
        key = (image, type_)
        if key not in self.views:
            name = self.lowering.global_constant(image, type_)
            get = memref.GetGlobalOp(name, type_)
            self.views[key] = self.emit.at_entry(get)
        return self.views[key]

    def table(self, values: NDArray[np.integer], bits: int = 32) -> SSAValue:
        """A constant array of integers as a memref."""
        array = np.ascontiguousarray(values, f"<i{bits // 8}")
        return self.constant(array.tobytes(), MemRefType(IntegerType(bits), array.shape))

    def choose(self, values: Sequence[int], position: Index) -> Index:
        """The number at a position of a list that is known at compile time."""
        if isinstance(position, int):
            return values[position]
        if len(set(values)) == 1:
            return values[0]
        number = self.emit.load(self.table(np.array(values)), [position])
        return self.emit.op(arith.IndexCastOp(number, IndexType()))

    def choose_run(self, runs: Sequence[tuple[int, int]], position: Index) -> Index:
        """The number of the run that a position falls in; runs are (number, end).

        There is a table of the positions where they are few, and otherwise one of the ends.
        """
        numbers, ends = zip(*runs, strict=True)
        if isinstance(position, int):
            return numbers[bisect_right(ends, position)]
        if ends[-1] <= MAX_POSITIONS:
            lengths = np.diff(ends, prepend=0)
            return self.choose(np.repeat(numbers, lengths).tolist(), position)
        emit, table = self.emit, self.table(np.array(ends[:-1]))

        def count(k: Index, passed: Sequence[SSAValue]) -> Sequence[SSAValue]:
            end = emit.op(arith.IndexCastOp(emit.load(table, [k]), IndexType()))
            is_passed = emit.op(arith.CmpiOp(position, end, "uge"))
            return [emit.op(arith.SelectOp(is_passed, emit.value(emit.add(k, 1)), passed[0]))]

        (run,) = emit.carry(0, len(ends) - 1, [emit.constant(0)], count)
        return self.choose(numbers, run)


@dataclass
class FunctionLowering:
    """The state of lowering one function: its buffers, stages and constants."""

    module: ModuleOp
    name: str
    buffers: Buffers
    target: Target
    stages: list[tuple[str, int, Block]] = field(default_factory=list)
    images: dict[SSAValue, bytes] = field(default_factory=dict)
    globals: dict[tuple[bytes, Attribute], str] = field(default_factory=dict)
    outputs: set[SSAValue] = field(default_factory=set)
    """Values that stand for an output and nothing else, whoever made them."""
    symbols: set[str] = field(init=False)
    """Names that the module has already."""

    def __post_init__(self) -> None:
        named = (func.FuncOp, memref.GlobalOp, llvm.FuncOp, llvm.GlobalOp)
        ops = self.module.body.block.ops
        self.symbols = {op.sym_name.data for op in ops if isinstance(op, named)}

    def _fresh_symbol(self, suffix: str) -> str:
        """A name that begins with that of the function and that nothing in the module has."""
        name = f"{self.name}_{suffix}"
        while name in self.symbols:
            name += "_"
        self.symbols.add(name)
        return name

    def image_of(self, value: SSAValue) -> bytes | None:
        """Memory image of a constant, or None."""
        if value in self.outputs:
            return None
        if value in self.images:
            return self.images[value]
        owner = value.owner
        if isinstance(owner, ConstantOp):
            image = owner.image_bytes
        elif isinstance(owner, arith.ConstantOp):
            attr = owner.value
            if not isinstance(attr, DenseIntOrFPElementsAttr):
                return None
            image = attr.data.data
            if attr.get_element_type() == IntegerType(1):
                image = bytes(int(v) & 1 for v in attr.get_values())  # pyright: ignore
        else:
            return None
        self.images[value] = image
        return image

    def global_constant(self, image: bytes, type_: MemRefType) -> str:
        """Name of a constant of the module with these bytes; the same one for the same bytes."""
        key = (image, type_)
        if key not in self.globals:
            name = self._fresh_symbol(f"constant_{len(self.globals)}")
            tensor = TensorType(type_.element_type, type_.get_shape())
            self.module.body.block.add_op(
                memref.GlobalOp.get(
                    StringAttr(name),
                    type_,
                    DenseIntOrFPElementsAttr(tensor, BytesAttr(image)),  # pyright: ignore
                    sym_visibility=StringAttr("private"),
                    constant=UnitAttr(),
                )
            )
            self.globals[key] = name
        return self.globals[key]

    def stage(
        self, what: str, extent: int, body: Callable[[Stage, SSAValue, SSAValue], None]
    ) -> None:
        """Write a stage that runs over parts low .. high of `extent` independent ones."""
        arguments = [MemRefType(IntegerType(8), [1])] * (self.buffers.workspace_argument + 1)
        block = Block(arg_types=[*arguments, IndexType(), IndexType()])
        stage = Stage(Emit(block), block.args[:-2], self)
        body(stage, block.args[-2], block.args[-1])
        stage.emit.op(func.ReturnOp())
        name = self._fresh_symbol(f"{len(self.stages)}_{what}")
        self.stages.append((name, extent, block))

    def finish(self) -> list[func.FuncOp]:
        """The stages as functions, and the function that calls them in order."""
        types: list[Attribute] = list(self.buffers.argument_types)
        functions = []
        entry = Block(arg_types=types)
        emit = Emit(entry)
        for name, extent, block in self.stages:
            for argument, type_ in zip(block.args, types, strict=False):
                Rewriter.replace_value_with_new_type(argument, type_)
            align_workspace(block.args[self.buffers.workspace_argument], self.buffers.slot_bytes)
            functions.append(self._function(name, [*types, IndexType(), IndexType()], block))
            bounds = [emit.constant(0), emit.constant(extent)]
            emit.op(func.CallOp(SymbolRefAttr(name), [*entry.args, *bounds], []))
        emit.op(func.ReturnOp())
        return [*functions, self._function(self.name, types, entry)]

    def _function(self, name: str, types: Sequence[Attribute], block: Block) -> func.FuncOp:
        """A function whose first arguments are the buffers."""
        known = self.buffers.argument_attributes
        known += [DictionaryAttr({})] * (len(types) - len(known))
        return func.FuncOp(
            name,
            FunctionType.from_lists(types, []),
            Region(block),
            arg_attrs=ArrayAttr(known) if any(attr.data for attr in known) else None,
        )


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """Logical shape of a tensor value."""
    assert isinstance(value.type, TensorType)
    return value.type.get_shape()


def element_of(value: SSAValue) -> Attribute:
    """Element type of a tensor value."""
    assert isinstance(value.type, TensorType)
    return value.type.element_type
