"""Stages of `quantize`, `dequantize`, `add` and of glue that no kernel took in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith, math, vector
from xdsl.dialects.builtin import (
    Float32Type,
    MemRefType,
    TensorType,
    VectorType,
    f32,
    i8,
    i32,
)
from xdsl.ir import SSAValue

from lowbit_dialect import simd
from lowbit_dialect.codes import AffineCode, BipolarType, Code, SignedType
from lowbit_dialect.constants import constant_values
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.elementwise import AddOp, DequantizeOp, QuantizeOp
from lowbit_dialect.ops.glue import FusedGlueOp
from lowering.loops.emit import INDEX, Emit, Index
from lowering.loops.levels import GLUE_LEVELS, INT32_MAX, are_constant, saturating_add
from lowering.loops.stage import FunctionLowering, Stage, element_of, shape_of
from lowering.targets import Target

QUOTIENT_BOUND = 1024.0
"""Beyond every code's range; quotients are clipped to it so that they convert to integers."""

_SMALL_SCALE = 2.0**-125
"""From here on, what is subnormal before or after the scale is nearer to 0 than to any other value
of a code."""


@dataclass
class Lanes:
    """Neighbouring elements of a tensor in one vector: row, first column, number of lanes."""

    stage: Stage
    row: Index
    col: Index
    count: int

    @property
    def emit(self) -> Emit:
        """The builder."""
        return self.stage.emit

    def vector(self, element) -> VectorType:
        """A vector of that many lanes."""
        return VectorType(element, [self.count])

    def load(self, memory: SSAValue, row: Index | None = None) -> SSAValue:
        """The lanes' elements of a (rows, columns) memref."""
        assert isinstance(memory.type, MemRefType)
        where = (self.row if row is None else row, self.col)
        return self.emit.load_vector(memory, where, self.vector(memory.type.element_type))

    def store(self, value: SSAValue, memory: SSAValue) -> None:
        """Store the lanes' elements of a (rows, columns) memref."""
        self.emit.store_vector(value, memory, (self.row, self.col))


def _for_lanes(
    stage: Stage,
    shape: tuple[int, int],
    bounds: tuple[Index, Index],
    lanes: int,
    body: Callable[[Lanes], None],
) -> None:
    """Run `body` on whole vectors, then on single elements, of rows within `bounds`."""
    emit, (_, cols) = stage.emit, shape
    whole = cols // lanes * lanes

    def row_body(row: Index) -> None:
        emit.loop(0, whole, lambda col: body(Lanes(stage, row, col, lanes)), lanes)
        emit.loop(whole, cols, lambda col: body(Lanes(stage, row, col, 1)))

    emit.loop(*bounds, row_body)


def _rows(shape: Sequence[int]) -> tuple[int, int]:
    return prod(shape[:-1]), shape[-1] if shape else 1


def _flat(stage: Stage, value: SSAValue) -> SSAValue:
    assert isinstance(value.type, TensorType)
    return stage.tensor(value, _rows(shape_of(value)))


class _Scale:
    """The scale of the lanes: one number, one a column, or one a row."""

    def __init__(self, op: QuantizeOp | DequantizeOp):
        shape = shape_of(op.x)
        self.values = np.array(tuple(op.scale.iter_values()), np.float32)
        self.axis = op.axis.value.data % len(shape)
        self.is_last = self.axis == len(shape) - 1
        self.extent = shape[self.axis]
        self.inner_rows = prod(shape[self.axis + 1 : -1])

    def of(self, lanes: Lanes) -> SSAValue:
        """The scale of each lane."""
        emit, type_ = lanes.emit, lanes.vector(f32)
        if len(self.values) == 1:
            return emit.constant(float(self.values[0]), type_)
        memory = lanes.stage.constant(
            self.values.tobytes(), MemRefType(Float32Type(), [1, self.extent])
        )
        if self.is_last:
            return lanes.load(memory, 0)
        index = emit.mod(emit.div(lanes.row, self.inner_rows), self.extent)
        where = [emit.value(i) for i in (0, index)]
        return emit.op(simd.BroadcastLoadOp(memory, where, type_))

    def lanes(self, target: Target, *, is_exact_at_zero: bool = False) -> int:
        """How many elements to divide or multiply at a time.

        One, where vector instructions would take a subnormal number for 0 and that can be seen: as
        a subnormal scale or product, or with `is_exact_at_zero` also in a tie at 0.
        """
        can_be_seen = is_exact_at_zero or self.values.min() < _SMALL_SCALE
        return 1 if target.flushes_subnormals and can_be_seen else target.lanes(32)


def lower_quantize(op: QuantizeOp, lowering: FunctionLowering) -> None:
    """Divide, find the neighbours below and above, and go up past the middle between them.

    Everything after the division is exact. The neighbours of q are floor(q) and floor(q) + 1, the
    tie is at floor(q) + 0.5; in the k of a bipolar code's values 2k + 1 they are floor(q) // 2 - 1
    and floor(q) // 2, where q is not past the tie only if it is an even integer.
    """
    shape = _rows(shape_of(op.x))
    code = code_of(op.result.type, "result")
    scale = _Scale(op)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        x, y = _flat(stage, op.x), _flat(stage, op.result)

        def element(lanes: Lanes) -> None:
            quotient = lanes.emit.binary(arith.DivfOp, lanes.load(x), scale.of(lanes))
            lanes.store(_round_to_code(lanes, quotient, code, op.round.data), y)

        # The values of bipolar codes next to 0 are -1 and 1.
        count = scale.lanes(stage.target, is_exact_at_zero=isinstance(code, BipolarType))
        _for_lanes(stage, shape, (low, high), count, element)

    lowering.stage("quantize", shape[0], body)


def _takes_upper(lanes: Lanes, base: SSAValue, rounding: str) -> SSAValue:
    """Mask of the lanes whose tie between base and base + 1 goes up."""
    emit, zero = lanes.emit, lanes.emit.constant(0, base.type)
    if rounding == "half_up":
        return emit.op(simd.CmpIOp("eq", base, base))
    if rounding == "half_even":
        odd = emit.binary(arith.AndIOp, base, emit.constant(1, base.type))
        return emit.op(simd.CmpIOp("ne", odd, zero))
    return emit.op(simd.CmpIOp("sge", base, zero))


def _round_to_code(lanes: Lanes, quotient: SSAValue, code: Code, rounding: str) -> SSAValue:
    """Storage bytes of the values of `code` nearest to the quotients."""
    emit, floats, ints = lanes.emit, lanes.vector(f32), lanes.vector(i32)
    bipolar = isinstance(code, BipolarType)
    limit = emit.constant(QUOTIENT_BOUND, floats)

    def bits(value: SSAValue) -> SSAValue:
        return emit.op(vector.BitcastOp(value, ints))

    quotient = emit.op(arith.MaxnumfOp(quotient, emit.constant(-QUOTIENT_BOUND, floats)))
    quotient = emit.op(arith.MinnumfOp(quotient, limit))
    floor = emit.op(math.FloorOp(quotient))
    base = emit.op(simd.FPToSIOp(floor, ints))
    zero = emit.constant(0, ints)
    # `past` is zero at the tie and positive beyond it, as an integer.
    if bipolar:
        fraction = emit.binary(arith.XOrIOp, bits(quotient), bits(floor))  # zeros have two signs
        fraction = emit.binary(arith.AndIOp, fraction, emit.constant(INT32_MAX, ints))
        one = emit.constant(1, ints)
        past = emit.binary(arith.OrIOp, fraction, emit.binary(arith.AndIOp, base, one))
        base = emit.binary(arith.SubiOp, emit.binary(arith.ShRSIOp, base, one), one)
    else:
        middle = emit.binary(arith.AddfOp, floor, emit.constant(0.5, floats))
        past = bits(emit.binary(arith.SubfOp, quotient, middle))  # rounded, but not to zero
    up = emit.binary(
        arith.OrIOp,
        emit.op(simd.CmpIOp("sgt", past, zero)),
        emit.binary(
            arith.AndIOp,
            emit.op(simd.CmpIOp("eq", past, zero)),
            _takes_upper(lanes, base, rounding),
        ),
    )
    nearest = emit.binary(arith.AddiOp, base, emit.op(simd.ExtUIOp(up, ints)))
    low, high = (((v - 1) // 2 if bipolar else v) for v in (code.min_value, code.max_value))
    clipped = _clip(emit, nearest, low, high)
    if bipolar:
        clipped = emit.binary(arith.SubiOp, clipped, emit.constant(low, ints))
    return emit.op(simd.TruncIOp(clipped, lanes.vector(i8)))


def _clip(emit: Emit, value: SSAValue, low: int, high: int) -> SSAValue:
    value = emit.binary(arith.MaxSIOp, value, emit.constant(low, value.type))
    return emit.binary(arith.MinSIOp, value, emit.constant(high, value.type))


def _integers(lanes: Lanes, memory: SSAValue, element) -> SSAValue:
    """i32 values of the lanes, from i32 or from the storage bytes of a code."""
    emit, ints = lanes.emit, lanes.vector(i32)
    if not isinstance(element, Code):
        return lanes.load(memory)
    if not isinstance(element, AffineCode):
        table = lanes.stage.table(element.values)
        byte = emit.load(memory, (lanes.row, lanes.col))
        index = emit.op(arith.IndexCastOp(emit.op(arith.ExtUIOp(byte, i32)), INDEX))
        return emit.op(simd.BroadcastLoadOp(table, [index], ints))
    extend = simd.ExtSIOp if isinstance(element, SignedType) else simd.ExtUIOp
    value = emit.op(extend(lanes.load(memory), ints))
    if isinstance(element, BipolarType):
        value = emit.binary(arith.AddiOp, value, value)
        value = emit.binary(arith.AddiOp, value, emit.constant(element.min_value, ints))
    return value


def lower_dequantize(op: DequantizeOp, lowering: FunctionLowering) -> None:
    """f32(value) * scale."""
    shape, element_type = _rows(shape_of(op.x)), element_of(op.x)
    scale = _Scale(op)
    is_table = isinstance(element_type, Code) and element_type.affine is None

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        x, y = _flat(stage, op.x), _flat(stage, op.result)

        def element(lanes: Lanes) -> None:
            values = _integers(lanes, x, element_type)
            floats = lanes.emit.op(simd.SIToFPOp(values, lanes.vector(f32)))
            lanes.store(lanes.emit.binary(arith.MulfOp, floats, scale.of(lanes)), y)

        count = 1 if is_table else scale.lanes(stage.target)
        _for_lanes(stage, shape, (low, high), count, element)

    lowering.stage("dequantize", shape[0], body)


def lower_add(op: AddOp, lowering: FunctionLowering) -> None:
    """Sum in i32, saturating where both operands are i32, clipped to a code's range."""
    shape = _rows(shape_of(op.result))
    types = [element_of(v) for v in (op.lhs, op.rhs)]
    code = element_of(op.result)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        memories = [_flat(stage, v) for v in (op.lhs, op.rhs)]
        result = _flat(stage, op.result)

        def element(lanes: Lanes) -> None:
            emit = lanes.emit
            a, b = (_integers(lanes, m, t) for m, t in zip(memories, types, strict=True))
            total = saturating_add(emit, a, b)
            if isinstance(code, Code):
                clipped = _clip(emit, total, code.min_value, code.max_value)
                total = emit.op(simd.TruncIOp(clipped, lanes.vector(i8)))
            lanes.store(total, result)

        _for_lanes(stage, shape, (low, high), stage.target.lanes(32), element)

    lowering.stage("add", shape[0], body)


@dataclass
class _GlueSite:
    """One vector of accumulators, as `levels` wants them."""

    lanes: Lanes
    sums: list[list[SSAValue]]
    target: Target
    sum_range: tuple[int, int] | None = None

    @property
    def emit(self) -> Emit:
        return self.lanes.emit


@dataclass
class _GlueTable:
    """A parameter of the glue: (entries, channels), or as it is, (channels, entries)."""

    memory: SSAValue
    shape: tuple[int, int]
    channel: Callable[[Lanes], Index]
    channels_first: bool
    lanes_are_channels: bool

    def vector(self, site: _GlueSite, entry: int, vector_index: int) -> SSAValue:
        """The numbers of the lanes; lanes of one channel share one."""
        lanes, channel = site.lanes, self.channel(site.lanes)
        where = (channel, entry) if self.channels_first else (entry, channel)
        element = self.memory.type.element_type  # pyright: ignore
        if self.lanes_are_channels:
            value = lanes.emit.load_vector(self.memory, where, lanes.vector(element))
        else:
            indices = [lanes.emit.value(i) for i in where]
            value = lanes.emit.op(simd.BroadcastLoadOp(self.memory, indices, lanes.vector(element)))
        if element == i32:
            return value
        return lanes.emit.op(simd.ExtUIOp(value, lanes.vector(i32)))


def lower_glue(op: FusedGlueOp, lowering: FunctionLowering) -> None:
    """Glue on accumulators in memory, whatever dimension the channels are."""
    shape = shape_of(op.acc)
    dim = op.channel_dim
    last = dim == len(shape) - 1
    inner_rows, channels = prod(shape[dim + 1 : -1]), shape[dim]

    def channel(lanes: Lanes) -> Index:
        if last:
            return lanes.col
        return lanes.emit.mod(lanes.emit.div(lanes.row, inner_rows), channels)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        acc, result = _flat(stage, op.acc), _flat(stage, op.result)
        tables, levels_of = [], GLUE_LEVELS[op.form.data]
        constants: list[NDArray[np.integer] | None] = [None] * len(op.parameters)
        for k, value in enumerate(op.parameters):
            if (values := constant_values(value)) is not None:
                constants[k] = values.reshape(channels, -1).T
        if are_constant(op):
            constants = [*levels_of.constants([c for c in constants if c is not None])]
        for value, constant in zip(op.parameters, constants, strict=True):
            entries = prod(shape_of(value)) // channels
            if constant is not None:
                memory = stage.table(constant)
            elif entries == 1:
                memory = stage.tensor(value, (1, channels))
            else:
                memory = stage.tensor(value, (channels, entries))
            channels_first = constant is None and entries > 1
            tables.append(_GlueTable(memory, (entries, channels), channel, channels_first, last))

        def element(lanes: Lanes) -> None:
            site = _GlueSite(lanes, [[lanes.load(acc)]], stage.target)
            levels = levels_of.of(op, site, tables)  # pyright: ignore
            lanes.store(levels.byte(0, 0), result)

        # Thresholds that are not constant lie one channel after the other: no vector has them.
        scattered = last and any(table.channels_first for table in tables)
        count = 1 if scattered else stage.target.lanes(32)
        _for_lanes(stage, _rows(shape), (low, high), count, element)

    lowering.stage("fused_glue", _rows(shape)[0], body)
