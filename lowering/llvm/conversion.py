"""The state of the conversion of one function to LLVM's dialect, and the address arithmetic.

Operations are not rewritten in place: a new body is built beside the old one, and a dictionary
maps old values to new ones. That costs one walk, and no use lists have to be kept right.

A memref of static shape is a bare pointer to its first element plus a number of elements known at
compile time; its strides are in its type. Index arithmetic is seen through: the index of an access
becomes one linear form, a sum of products of values and constants, so that the accesses of an
unrolled tile share their variable part and differ in a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from xdsl.dialects import arith, llvm
from xdsl.dialects.builtin import (
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    VectorType,
)
from xdsl.ir import Attribute, Block, Operation, OpResult, SSAValue

from lowering.llvm.addresses import address_of_constant, address_of_value, index_arithmetic
from lowering.llvm.intrinsic_call import call_intrinsic
from lowering.llvm.linear import Linear, sum_linear
from lowering.llvm.types import (
    POINTER,
    MemRefLayout,
    intrinsic_suffix,
    memref_layout,
    type_bits,
)
from lowering.support.diagnostics import fail
from lowering.targets import Target

Handler = Callable[["Conversion", Any], None]
"""Converts one operation: looks its operands up, inserts new operations, records its results."""


class _Values(dict[SSAValue, SSAValue]):
    """From old values to new ones; a deferred operation is converted when it is looked up."""

    def __init__(self, state: Conversion):
        self._state = state

    def __missing__(self, old: SSAValue) -> SSAValue:
        return self._state.convert_deferred(old)


@dataclass
class _Deferred:
    """An operation that nobody has asked for yet, and the new ones that then stand in its place."""

    old: Operation
    convert: Handler
    ops: list[Operation | _Deferred] = field(default_factory=list)


class Conversion:
    """One function on its way to LLVM's dialect."""

    def __init__(self, target: Target, op: Operation):
        self.target = target
        self.op = op
        """The operation being converted, which a diagnostic is about."""
        self.index = IntegerType(target.index_width)
        self.values: dict[SSAValue, SSAValue] = _Values(self)
        self.offsets: dict[SSAValue, int] = {}
        """Elements between a converted memref's pointer and its first element, where not 0."""
        self.alignments: dict[SSAValue, int] = {}
        """Bytes that a memref's first element is aligned to, where not just to its own size."""
        self.blocks: dict[Block, Block] = {}
        self.ops: list[Operation | _Deferred] = []
        """The new operations of the current block."""
        self._ops_of_blocks: list[tuple[Block, list[Operation | _Deferred]]] = []
        self._deferred: dict[SSAValue, _Deferred] = {}
        self.prologue: list[Operation] = []
        """What has to come first in the entry block: constants and stack buffers."""
        self._constants: dict[tuple[int, int], SSAValue] = {}
        """By value and width."""
        self._types: dict[int, tuple[Attribute, Attribute]] = {}
        self._suffixes: dict[int, tuple[Attribute, str]] = {}
        self._undefined: dict[int, SSAValue] = {}
        self._layouts: dict[int, tuple[Attribute, MemRefLayout]] = {}
        self._linear: dict[SSAValue, Linear] = {}
        self._sums: dict[tuple[tuple[SSAValue, int], ...], SSAValue] = {}

    # Types

    def type(self, type: Attribute) -> Attribute:
        """The LLVM type of a value of `type`.

        Raises:
            OpFailedException: if there is none.
        """
        # Types are found by identity, and kept alive for it: to hash one takes longer than this.
        known = self._types.get(id(type))
        if known is None:
            known = self._types[id(type)] = type, self._convert_type(type)
        return known[1]

    def _convert_type(self, type: Attribute) -> Attribute:
        if isinstance(type, IndexType):
            return self.index
        if isinstance(type, VectorType):
            if type.get_num_dims() != 1 or type.get_num_scalable_dims():
                fail(self.op, f"LLVM has no {type}: expected one dimension of fixed length")
            element = self.type(type.element_type)
            return type if element is type.element_type else VectorType(element, type.shape)
        if isinstance(type, MemRefType):
            self.layout(type)
            return POINTER
        if type_bits(type) is not None or llvm.is_compatible_type(type):
            return type
        fail(
            self.op,
            f"no value of type {type} can be lowered to LLVM: expected an integer, index, f16, "
            "f32, f64, a vector of these, or a memref of static shape",
        )

    def layout(self, type: Attribute) -> MemRefLayout:
        """The layout of a memref type.

        Raises:
            OpFailedException: if it is not one, or its layout is not known.
        """
        known = self._layouts.get(id(type))
        if known is not None:
            return known[1]
        if not isinstance(type, MemRefType):
            fail(self.op, f"expected a memref of static shape, got {type}")
        try:
            layout = memref_layout(type)
        except ValueError as error:
            fail(self.op, str(error))
        self._layouts[id(type)] = type, layout
        return layout

    # Values

    def value(self, old: SSAValue) -> SSAValue:
        """The new value for `old`."""
        return self.values[old]

    def value_list(self, old: Iterable[SSAValue]) -> list[SSAValue]:
        """The new values for `old`; memrefs become pointers to their first elements."""
        return [
            self.first_element(v) if isinstance(v.type, MemRefType) else self.values[v] for v in old
        ]

    def insert(self, op: Operation) -> SSAValue:
        """Append an operation with a result to the current block; that result."""
        op.location = self.op.location
        self.ops.append(op)
        return op.results[0]

    def append(self, op: Operation) -> None:
        """Append an operation without results to the current block."""
        op.location = self.op.location
        self.ops.append(op)

    def replace(self, old: Operation, new: Operation) -> None:
        """Append `new` to the current block as the replacement of `old`, results for results."""
        new.location = old.location
        self.ops.append(new)
        for before, after in zip(old.results, new.results, strict=True):
            self.values[before] = after
            after.name_hint = before.name_hint

    def constant(self, value: int, type: IntegerType | None = None) -> SSAValue:
        """An integer constant, of the index type unless another is given."""
        type = type or self.index
        key = (value, type.width.data)
        if key not in self._constants:
            op = llvm.ConstantOp.create(
                properties={"value": IntegerAttr(value, type)}, result_types=[type]
            )
            op.location = self.op.location
            self.prologue.append(op)
            self._constants[key] = op.results[0]
        return self._constants[key]

    def intrinsic(
        self, name: str, operands: Sequence[SSAValue], result_type: Attribute
    ) -> SSAValue:
        """A call of the target-independent intrinsic `llvm.<name>.<type>`."""
        type = operands[0].type
        known = self._suffixes.get(id(type))
        if known is None:
            known = self._suffixes[id(type)] = type, intrinsic_suffix(type)
        return self.insert(call_intrinsic(f"llvm.{name}.{known[1]}", operands, result_type))

    def undefined(self, type: Attribute) -> SSAValue:
        """A value of a converted type that may be anything."""
        known = self._undefined.get(id(type))
        if known is None:
            op = llvm.UndefOp.create(result_types=[type])
            op.location = self.op.location
            self.prologue.append(op)
            known = self._undefined[id(type)] = op.results[0]
        return known

    # Blocks

    def start_block(self, block: Block) -> None:
        """Begin to collect the operations of another block."""
        self.ops = []
        self._ops_of_blocks.append((block, self.ops))
        self._sums = {}

    def finish_blocks(self) -> None:
        """Put the operations into their blocks: there is nobody left to ask for more."""
        for block, ops in self._ops_of_blocks:
            block.add_ops(_flat(ops))

    def defer(self, old: Operation, convert: Handler) -> None:
        """Convert `old`, which has one result and no effect, in this place if it is asked for.

        The accesses of an unrolled tile see through their indices, and few of these are needed.
        """
        deferred = _Deferred(old, convert)
        self._deferred[old.results[0]] = deferred
        self.ops.append(deferred)

    def convert_deferred(self, value: SSAValue) -> SSAValue:
        """Convert the deferred operation that gives `value`; the new value.

        Raises:
            OpFailedException: nothing before the operation being converted gives it.
        """
        deferred = self._deferred.get(value)
        if deferred is None:
            fail(self.op, "an operand does not dominate this use: nothing before it defines it")
        ops, op = self.ops, self.op
        self.ops, self.op = deferred.ops, deferred.old
        deferred.convert(self, deferred.old)
        self.ops, self.op = ops, op
        return self.values[value]

    # Addresses

    def linear(self, value: SSAValue) -> Linear:
        """`value`, an index of the old function, as a linear form."""
        known = self._linear.get(value)
        if known is None:
            known = self._linear[value] = self._linear_form(value)
        return known

    def _linear_form(self, value: SSAValue) -> Linear:
        op = value.op if isinstance(value, OpResult) else None
        if isinstance(op, arith.ConstantOp) and isinstance(op.value, IntegerAttr):
            return (), op.value.value.data
        if isinstance(op, arith.AddiOp | arith.SubiOp | arith.MuliOp):
            left, right = (self.linear(operand) for operand in op.operands)
            if isinstance(op, arith.AddiOp):
                return sum_linear([(left, 1), (right, 1)])
            if isinstance(op, arith.SubiOp):
                return sum_linear([(left, 1), (right, -1)])
            if not right[0]:
                return sum_linear([(left, right[1])])
            if not left[0]:
                return sum_linear([(right, left[1])])
        return ((value, 1),), 0

    def element_offset(
        self, layout: MemRefLayout, indices: Sequence[SSAValue], start: int
    ) -> Linear:
        """Elements from a pointer to the element at `indices` of a memref `start` behind it."""
        terms = [
            (self.linear(index), stride)
            for index, stride in zip(indices, layout.strides, strict=True)
        ]
        products, constant = sum_linear(terms)
        return products, constant + start

    def linear_value(self, form: Linear) -> SSAValue:
        """A linear form as a new value of the index type."""
        products, constant = form
        if not products:
            return self.constant(constant)
        total = self._sum(products)
        if constant:
            total = self._arithmetic(llvm.AddOp, total, self.constant(constant))
        return total

    def _sum(self, products: tuple[tuple[SSAValue, int], ...]) -> SSAValue:
        known = self._sums.get(products)
        if known is not None:
            return known
        *rest, (value, factor) = products
        last = self.values[value]
        if factor != 1:
            last = self._arithmetic(llvm.MulOp, last, self.constant(factor))
        total = self._arithmetic(llvm.AddOp, self._sum(tuple(rest)), last) if rest else last
        self._sums[products] = total
        return total

    def _arithmetic(
        self, op_type: type[llvm.AddOp | llvm.MulOp], left: SSAValue, right: SSAValue
    ) -> SSAValue:
        return self.insert(index_arithmetic(op_type, left, right))

    def offset_pointer(self, pointer: SSAValue, form: Linear, element: Attribute) -> SSAValue:
        """The address `form` elements behind `pointer`: one `getelementptr`, or none for 0."""
        products, constant = form
        if not products and not constant:
            return pointer
        if not products and -(2**31) < constant < 2**31:
            return self.insert(address_of_constant(pointer, element, constant))
        return self.insert(address_of_value(pointer, element, self.linear_value(form)))

    def alignment(self, memref: SSAValue) -> int:
        """Bytes that the first element of an old memref value is known to be aligned to."""
        known = self.alignments.get(memref)
        return self.layout(memref.type).element_bytes if known is None else known

    def element_pointer(
        self, memref: SSAValue, indices: Sequence[SSAValue]
    ) -> tuple[SSAValue, int]:
        """The address of an element of an old memref value, and the bytes it is aligned to: its
        size, or less where the memref is a view of bytes of which less is known.
        """
        layout = self.layout(memref.type)
        form = self.element_offset(layout, indices, self.offsets.get(memref, 0))
        pointer = self.offset_pointer(self.values[memref], form, layout.element)
        return pointer, min(layout.element_bytes, self.alignment(memref))

    def first_element(self, memref: SSAValue) -> SSAValue:
        """The address of the first element of an old memref value."""
        start = self.offsets.get(memref, 0)
        if not start:
            return self.values[memref]
        element = self.layout(memref.type).element
        return self.offset_pointer(self.values[memref], ((), start), element)


def _flat(ops: Iterable[Operation | _Deferred]) -> Iterator[Operation]:
    for op in ops:
        if isinstance(op, _Deferred):
            yield from _flat(op.ops)
        else:
            yield op
