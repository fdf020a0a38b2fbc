"""A function of tensors that is evaluated with the numpy reference while it is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from xdsl.builder import Builder
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    ModuleOp,
    StringAttr,
    TensorType,
    f32,
    i1,
    i32,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint

from lowbit_dialect import reference
from lowbit_dialect.codes import Code
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.layouts.packed_array import PackedArray
from lowbit_dialect.layouts.packing import pack
from lowbit_dialect.ops.base import TensorOp, floats, int_
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp, conv_clauses
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pack import BitpackOp, ConstantOp, UnpackOp
from lowbit_dialect.ops.pool import MaxPool2DOp

Numbers: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the function, and the numbers it holds (logical shape) for these inputs."""

    ssa: SSAValue
    numbers: Numbers

    @property
    def type(self) -> TensorType:
        assert isinstance(self.ssa.type, TensorType)
        return self.ssa.type

    @property
    def code(self) -> Code:
        assert isinstance(self.type.element_type, Code)
        return self.type.element_type

    @property
    def result(self) -> Numbers | PackedArray:
        """What a call gives: the words where the type is packed."""
        layout = self.type.encoding
        if not isinstance(layout, PackedAttr):
            return self.numbers
        words = pack(self.code.encode(self.numbers), self.code, layout)
        return PackedArray(words, self.type)


class Graph:
    """Builds one function; every method appends an operation and computes its numbers."""

    def __init__(self, name: str = "main"):
        self.name = name
        self.inputs: list[Value] = []
        self.results: tuple[Value, ...] = ()
        self.function = func.FuncOp(name, ([], []))
        self._builder = Builder(InsertPoint.at_end(self.function.body.block))

    def __repr__(self) -> str:
        return f"{self.function}"

    def argument(self, type_: TensorType, numbers: Numbers) -> Value:
        """An argument, and what the function is called with."""
        block = self.function.body.block
        value = Value(block.insert_arg(type_, len(block.args)), numbers)
        self.inputs.append(value)
        return value

    def values(self, code: Code, numbers: Numbers, *, constant: bool) -> Value:
        """A tensor of a code: a constant or an argument."""
        type_ = TensorType(code, numbers.shape)
        if not constant:
            return self.argument(type_, numbers)
        return Value(self._builder.insert(ConstantOp.from_values(numbers, type_)).result, numbers)

    def integers(self, numbers: Numbers, *, constant: bool) -> Value:
        """A tensor of i32, or of i1 where the numbers are booleans: a constant or an argument."""
        type_ = TensorType(i1 if numbers.dtype == np.bool_ else i32, numbers.shape)
        if not constant:
            return self.argument(
                type_, numbers if type_.element_type == i1 else numbers.astype(np.int32)
            )
        listed = [int(v) for v in numbers.reshape(-1)]
        attr = DenseIntOrFPElementsAttr.from_list(type_, listed)
        return Value(self._builder.insert(arith.ConstantOp(attr)).result, numbers)

    def insert(self, op: Operation, numbers: Numbers) -> Value:
        """An operation without operands, and the numbers of its result."""
        return Value(self._builder.insert(op).results[0], numbers)

    def apply(self, make: Callable[..., TensorOp], *operands: Value) -> Value:
        """The operation that `make` builds of the operands; its numbers are the reference's."""
        op = self._builder.insert(make(*(value.ssa for value in operands)))
        return Value(op.results[0], op.evaluate(*(value.numbers for value in operands)))

    def conv2d(
        self,
        x: Value,
        w: Value,
        strides: Sequence[int] = (1, 1),
        padding: Sequence[int] = (0, 0, 0, 0),
        dilation: Sequence[int] = (1, 1),
        groups: int = 1,
        layout: str = "nhwc",
    ) -> Value:
        clauses = (strides, padding, dilation, groups, layout)
        op = self._builder.insert(Conv2DOp.get(x.ssa, w.ssa, **conv_clauses(*clauses)))
        return Value(op.result, reference.conv2d(x.numbers, w.numbers, *clauses))

    def matmul(self, x: Value, w: Value) -> Value:
        op = self._builder.insert(MatmulOp.get(x.ssa, w.ssa))
        return Value(op.result, reference.matmul(x.numbers, w.numbers))

    def threshold(
        self, acc: Value, thresholds: Value, code: Code, flip: Value | None = None, axis: int = -1
    ) -> Value:
        type_ = TensorType(code, acc.numbers.shape)
        flip_ssa, flips = (flip.ssa, flip.numbers) if flip is not None else (None, None)
        op = FusedGlueOp.threshold(acc.ssa, thresholds.ssa, type_, flip_ssa, axis)
        numbers = reference.fused_glue_threshold(acc.numbers, thresholds.numbers, code, flips, axis)
        return Value(self._builder.insert(op).result, numbers)

    def shift(
        self,
        acc: Value,
        offset: Value,
        shift: Value,
        code: Code,
        bounds: tuple[int, int] | None = None,
        axis: int = -1,
    ) -> Value:
        low, high = bounds if bounds is not None else (None, None)
        type_ = TensorType(code, acc.numbers.shape)
        op = FusedGlueOp.shift(acc.ssa, offset.ssa, shift.ssa, type_, axis, low, high)
        numbers = reference.fused_glue_shift(
            acc.numbers, offset.numbers, shift.numbers, code, axis, low or 0, high
        )
        return Value(self._builder.insert(op).result, numbers)

    def max_pool2d(
        self,
        x: Value,
        kernel: Sequence[int],
        strides: Sequence[int] | None = None,
        padding: Sequence[int] = (0, 0, 0, 0),
        layout: str = "nhwc",
    ) -> Value:
        op = self._builder.insert(MaxPool2DOp.get(x.ssa, kernel, strides, padding, layout))
        return Value(op.result, reference.max_pool2d(x.numbers, kernel, strides, padding, layout))

    def add(self, a: Value, b: Value, code: Code | None = None) -> Value:
        """Sum, clipped to `code`, or i32 where there is none."""
        type_ = TensorType(i32 if code is None else code, a.numbers.shape)
        op = self._builder.insert(AddOp.build_op([a.ssa, b.ssa], [type_]))
        total = reference.add(a.numbers, b.numbers, code)
        return Value(op.result, total.astype(np.int32) if code is None else total)

    def quantize(
        self, x: Value, code: Code, scale: Sequence[float], axis: int, rounding: str
    ) -> Value:
        op = QuantizeOp.build_op(
            [x.ssa],
            [TensorType(code, x.numbers.shape)],
            scale=floats(scale),
            axis=int_(axis),
            round=StringAttr(rounding),
        )
        numbers = reference.quantize(x.numbers, code, scale, axis, rounding)  # pyright: ignore
        return Value(self._builder.insert(op).result, numbers)

    def dequantize(self, x: Value, scale: Sequence[float], axis: int = -1) -> Value:
        op = DequantizeOp.build_op(
            [x.ssa], [TensorType(f32, x.numbers.shape)], scale=floats(scale), axis=int_(axis)
        )
        numbers = reference.dequantize(x.numbers, scale, axis)  # pyright: ignore
        return Value(self._builder.insert(op).result, numbers)

    def bitpack(self, x: Value, layout: PackedAttr) -> Value:
        op = self._builder.insert(BitpackOp.get(x.ssa, layout))
        return Value(op.result, x.numbers)

    def unpack(self, x: Value) -> Value:
        op = self._builder.insert(UnpackOp.get(x.ssa))
        return Value(op.result, x.numbers)

    def returns(self, *results: Value) -> Graph:
        """End the function."""
        self._builder.insert(func.ReturnOp(*(r.ssa for r in results)))
        self.function.update_function_type()
        self.results = results
        return self


def module_of(*graphs: Graph) -> ModuleOp:
    """The verified module of these functions."""
    module = ModuleOp([g.function.clone() for g in graphs])
    module.verify()
    return module


def tensor(element: Attribute, shape: Sequence[int], layout: PackedAttr | None = None):
    """A tensor type."""
    return TensorType(element, shape) if layout is None else TensorType(element, shape, layout)
