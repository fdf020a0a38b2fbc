"""The stage of `lowbit.cast`: bytes are clipped, or keep their low bits."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue

from lowbit_dialect.codes import SignedType
from lowbit_dialect.constants import constant_values
from lowbit_dialect.ops.base import code_of
from lowbit_dialect.ops.cast import CastOp
from lowbit_dialect.ops.pack import ConstantOp
from lowering.loops.emit import signed_byte
from lowering.loops.pointwise.lanes import Lanes, flat, for_lanes, rows_of
from lowering.loops.stage import Stage, StageLoops, shape_of
from lowering.targets import Target


def cast(op: CastOp, target: Target) -> StageLoops:
    """A vector of bytes at a time; a constant without `overflow` is cast when it is compiled."""
    shape = rows_of(shape_of(op.x))
    image = _constant_image(op)

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        y, count = flat(stage, op.result), stage.target.vector_bits // 8
        assert isinstance(y.type, MemRefType)
        x = flat(stage, op.x) if image is None else stage.constant(image, y.type)

        def element(lanes: Lanes) -> None:
            lanes.store(_cast(op, lanes, x) if image is None else lanes.load(x), y)

        for_lanes(stage, shape, (low, high), count, element)

    return StageLoops(shape[0], body)


def _constant_image(op: CastOp) -> bytes | None:
    """The bytes of the result, or None where they are computed."""
    if op.overflow is not None:
        return None
    numbers = constant_values(op.x)
    assert numbers is not None, "the verifier has checked a constant"
    return ConstantOp.from_values(op.evaluate(numbers), op.result.type).image_bytes


def _cast(op: CastOp, lanes: Lanes, x: SSAValue) -> SSAValue:
    emit, value, code = lanes.emit, lanes.load(x), code_of(op.result.type, "result")

    def byte(number: int) -> SSAValue:
        return emit.constant(signed_byte(number % 256), value.type)

    assert op.overflow is not None
    if op.overflow.data == "saturate":
        if op.unsigned is not None:
            return emit.binary(arith.MinUIOp, value, byte(code.max_value))
        # No signed byte is above the largest value of a code that ends beyond 127.
        value = emit.binary(arith.MaxSIOp, value, byte(code.min_value))
        return emit.binary(arith.MinSIOp, value, byte(min(code.max_value, 127)))
    value = emit.binary(arith.AndIOp, value, byte((1 << code.width) - 1))
    if isinstance(code, SignedType):
        sign = byte(1 << (code.width - 1))
        value = emit.binary(arith.XOrIOp, value, sign)
        value = emit.binary(arith.SubiOp, value, sign)
    return value
