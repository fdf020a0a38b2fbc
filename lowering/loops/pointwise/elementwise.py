"""Stages of `quantize`, `dequantize`, `add` and of glue that no kernel took in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    IntegerType,
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
from lowering.loops.epilogue.glue_levels import GLUE_LEVELS
from lowering.loops.epilogue.levels import are_constant, plain_add, saturating_add
from lowering.loops.pointwise.channel_numbers import ChannelNumbers
from lowering.loops.pointwise.lanes import Lanes, flat, for_lanes, lane_count, rows_of, uniform_rows
from lowering.loops.pointwise.round_to_code import round_to_code
from lowering.loops.stage import Stage, StageLoops, element_of, shape_of
from lowering.targets import Target

MOST_GLUED = 8
"""Elements of glue at once, where vectors are shorter: thresholds are to stay in registers."""

_SMALL_SCALE = 2.0**-125
"""From here on, what is subnormal before or after the scale is nearer to 0 than to any other value
of a code."""


class _Scale(ChannelNumbers):
    """The scale of the lanes."""

    def __init__(self, op: QuantizeOp | DequantizeOp):
        super().__init__(tuple(op.scale.iter_values()), op.axis.value.data, shape_of(op.x))

    def lanes(self, target: Target, *, is_exact_at_zero: bool = False) -> int:
        """How many elements to divide or multiply at a time.

        One, where vector instructions would take a subnormal number for 0 and that can be seen: as
        a subnormal scale or product, or with `is_exact_at_zero` also in a tie at 0. Divisions are
        none of these, but by a power of two LLVM multiplies by its inverse.
        """
        is_power = np.frexp(self.values)[0] == 0.5
        can_be_seen = self.values.min() < _SMALL_SCALE or (is_exact_at_zero and is_power.any())
        return 1 if target.flushes_subnormals and can_be_seen else lane_count(target)


def quantize(op: QuantizeOp, target: Target) -> StageLoops:
    """Divide, clip to the code's range, round to an integer, or to the k of a bipolar 2k + 1."""
    shape = (uniform_rows if op.is_uniform else rows_of)(shape_of(op.x))
    code = code_of(op.result.type, "result")
    scale = _Scale(op)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        x, y = flat(stage, op.x, shape), flat(stage, op.result, shape)

        def element(lanes: Lanes) -> None:
            quotient = lanes.emit.binary(arith.DivfOp, lanes.load(x), scale.of(lanes))
            lanes.store(round_to_code(lanes, quotient, code, op.round.data), y)

        # The values of bipolar codes next to 0 are -1 and 1.
        count = scale.lanes(stage.target, is_exact_at_zero=isinstance(code, BipolarType))
        for_lanes(stage, shape, (low, high), count, element)

    return StageLoops(shape[0], body)


def _clip(emit: Emit, value: SSAValue, low: int, high: int) -> SSAValue:
    value = emit.binary(arith.MaxSIOp, value, emit.constant(low, value.type))
    return emit.binary(arith.MinSIOp, value, emit.constant(high, value.type))


def _integers(lanes: Lanes, memory: SSAValue, element, integer: IntegerType = i32) -> SSAValue:
    """Values of the lanes as i32, or narrower, from i32 or from the storage bytes of a code."""
    emit, ints = lanes.emit, lanes.vector(integer)
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


def dequantize(op: DequantizeOp, target: Target) -> StageLoops:
    """f32(value) * scale."""
    shape = (uniform_rows if op.is_uniform else rows_of)(shape_of(op.x))
    element_type = element_of(op.x)
    scale = _Scale(op)
    is_table = isinstance(element_type, Code) and element_type.affine is None

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        x, y = flat(stage, op.x, shape), flat(stage, op.result, shape)

        def element(lanes: Lanes) -> None:
            values = _integers(lanes, x, element_type)
            floats = lanes.emit.op(simd.SIToFPOp(values, lanes.vector(f32)))
            lanes.store(lanes.emit.binary(arith.MulfOp, floats, scale.of(lanes)), y)

        count = 1 if is_table else scale.lanes(stage.target)
        for_lanes(stage, shape, (low, high), count, element)

    return StageLoops(shape[0], body)


def add(op: AddOp, target: Target) -> StageLoops:
    """Sum in i32, saturating where both operands are i32, clipped to a code's range.

    Sums of affine codes that become a code fit in i16, and more of them in a vector.
    """
    shape = rows_of(shape_of(op.result))
    types = [element_of(v) for v in (op.lhs, op.rhs)]
    code = element_of(op.result)
    is_narrow = all(isinstance(element, AffineCode) for element in (*types, code))
    integer = IntegerType(16) if is_narrow else i32
    count = max(lane_count(target), target.lanes(integer.bitwidth))

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        memories = [flat(stage, v) for v in (op.lhs, op.rhs)]
        result = flat(stage, op.result)

        def element(lanes: Lanes) -> None:
            emit = lanes.emit
            a, b = (_integers(lanes, m, t, integer) for m, t in zip(memories, types, strict=True))
            total = (plain_add if is_narrow else saturating_add)(emit, a, b)
            if isinstance(code, Code):
                clipped = _clip(emit, total, code.min_value, code.max_value)
                total = emit.op(simd.TruncIOp(clipped, lanes.vector(i8)))
            lanes.store(total, result)

        for_lanes(stage, shape, (low, high), count, element)

    return StageLoops(shape[0], body)


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


def fused_glue(op: FusedGlueOp, target: Target) -> StageLoops:
    """Glue on accumulators in memory, whatever dimension the channels are."""
    shape, element_type = shape_of(op.acc), element_of(op.acc)
    dim = op.channel_dim
    last = dim == len(shape) - 1
    inner_rows, channels = prod(shape[dim + 1 : -1]), shape[dim]

    def channel(lanes: Lanes) -> Index:
        if last:
            return lanes.col
        return lanes.emit.mod(lanes.emit.div(lanes.row, inner_rows), channels)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        acc, result = flat(stage, op.acc), flat(stage, op.result)
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
            site = _GlueSite(lanes, [[_integers(lanes, acc, element_type)]], stage.target)
            levels = levels_of.of(op, site, tables)  # pyright: ignore
            lanes.store(levels.byte(0, 0), result)

        # Thresholds that are not constant lie one channel after the other: no vector has them.
        scattered = last and any(table.channels_first for table in tables)
        count = (
            1
            if scattered
            else max(stage.target.lanes(32), min(lane_count(stage.target), MOST_GLUED))
        )
        for_lanes(stage, rows_of(shape), (low, high), count, element)

    return StageLoops(rows_of(shape)[0], body)
