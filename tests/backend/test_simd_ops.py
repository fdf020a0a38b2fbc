"""Every simd operation against its numpy semantics, on the host and its weaker classes."""

from itertools import product

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IntegerType,
    MemRefType,
    VectorType,
)
from xdsl.ir import Attribute, Operation

from lowbit_dialect.simd import Simd
from lowbit_dialect.simd_semantics import SIMD_SEMANTICS, numpy_lane_type
from lowering.simd.simd_lower import SimdLowerPass
from tests.backend.harness import RUN, load, parse
from tests.backend.simd_programs import PACKED, PROGRAMS
from tests.guard import guarded, misaligned
from tests.sweep import thinned


def test_every_operation_has_a_meaning_and_a_program() -> None:
    used = {type(op) for text in PROGRAMS for op in parse(text).walk()}
    assert set(Simd.operations) == set(SIMD_SEMANTICS)
    assert set(Simd.operations) <= used


def inputs(text: str, fill: str) -> list[np.ndarray]:
    """Arrays for all arguments; the last one is the output."""
    (function,) = parse(text).ops
    rng = np.random.default_rng(1)
    arrays = []
    for argument in function.regions[0].block.args:
        assert isinstance(argument.type, MemRefType)
        shape, dtype = argument.type.get_shape(), numpy_lane_type(argument.type.element_type)
        if dtype == np.float32:
            data = rng.uniform(-(2**30), 2**30, shape).astype(dtype)
        elif fill == "random":
            data = rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype, True)
        else:
            data = np.full(shape, {"ones": -1, "min": np.iinfo(dtype).min}[fill], dtype)
            data.reshape(-1)[::3] = np.iinfo(dtype).max
        arrays.append(data)
    return arrays


def interpret(text: str, arrays: list[np.ndarray]) -> np.ndarray:
    """What the function of `text` stores, by the semantics in numpy."""
    (function,) = parse(text).ops
    body = function.regions[0].block
    values: dict = dict(zip(body.args, arrays, strict=True))
    stored: np.ndarray | None = None
    for op in body.ops:
        operands = [values[operand] for operand in op.operands]
        if type(op) in SIMD_SEMANTICS:
            values[op.results[0]] = SIMD_SEMANTICS[type(op)](op, *operands)
        elif op.name == "vector.load":
            values[op.results[0]] = operands[0]
        elif op.name == "memref.load":
            values[op.results[0]] = operands[0][tuple(operands[1:])]
        elif op.name == "arith.constant":
            values[op.results[0]] = constant(op)
        elif op.name == "arith.andi":
            values[op.results[0]] = operands[0] & operands[1]
        elif op.name == "arith.mulf":
            with np.errstate(over="ignore", invalid="ignore"):
                values[op.results[0]] = operands[0] * operands[1]
        elif op.name == "arith.shrsi":
            values[op.results[0]] = operands[0] >> operands[1]
        elif op.name in ("vector.store", "memref.store"):
            stored = np.atleast_1d(operands[0])
    assert stored is not None
    return stored


def constant(op: Operation) -> int | np.ndarray:
    value = op.properties["value"]
    if isinstance(value, DenseIntOrFPElementsAttr):  # a splat
        return np.array(next(iter(value.iter_values())), numpy_lane_type(value.get_element_type()))
    return value.value.data  # type: ignore[attr-defined]


@pytest.mark.parametrize(("number", "target"), thinned(product(range(len(PROGRAMS)), RUN)))
def test_agrees_with_numpy(number: int, target: str) -> None:
    text = PROGRAMS[number]
    function = load(text, target)
    for fill in ("random", "ones", "min"):
        arrays = inputs(text, fill)
        expected = interpret(text, arrays)
        for place in (guarded, misaligned):
            *ins, out = (place(array) for array in arrays)
            function(*ins, out)
            np.testing.assert_array_equal(out, expected)


def test_types_of_values() -> None:
    """Lanes keep their types from op to op, so programs can be interpreted at all."""
    for text in PROGRAMS:
        stored = interpret(text, inputs(text, "random"))
        out = next(iter(parse(text).ops)).regions[0].block.args[-1].type
        assert isinstance(out, MemRefType | VectorType)
        assert stored.dtype == numpy_lane_type(out.element_type)


@pytest.mark.parametrize("target", ["cortex-a9", "cortex-a53"])
@pytest.mark.parametrize(("lanes", "count"), PACKED)
def test_pairwise_sums_make_the_words(lanes: int, count: int, target: str) -> None:
    """ARM code cannot run here, so the expansion is interpreted, intrinsic by intrinsic."""
    type, names = f"vector<{lanes}xi1>", [f"%m{k}" for k in range(count)]
    result = f"vector<{count}xi{lanes}>" if count > 1 else f"i{lanes}"
    pack = "pack_masks" if count > 1 else "pack_bits"
    module = parse(
        f"""
func.func @f({", ".join(f"{name}: {type}" for name in names)}) -> {result} {{
  %w = simd.{pack} {", ".join(names)} : {type} to {result}
  func.return %w : {result}
}}"""
    )
    SimdLowerPass(target).apply(Context(), module)
    (function,) = module.ops
    body = function.regions[0].block
    rng = np.random.default_rng(3)
    for masks in (rng.random((count, lanes)) < 0.5, np.eye(count, lanes) > 0):
        values: dict = dict(zip(body.args, masks, strict=True))
        for op in body.ops:
            given = [values[operand] for operand in op.operands]
            if op.name == "arith.constant":
                type_ = op.results[0].type
                assert isinstance(type_, VectorType)
                numbers = list(op.properties["value"].iter_values())  # type: ignore[attr-defined]
                result = np.resize(numbers, type_.get_shape())
            elif op.name == "llvm.select":
                result = np.where(*given).astype(np.uint8)
            elif op.name == "vector.shuffle":
                result = np.concatenate(given)[list(op.properties["mask"].iter_values())]  # type: ignore[attr-defined]
            elif op.name == "vector.extract":
                result = given[0][op.properties["static_position"].get_values()[0]]  # type: ignore[attr-defined]
            elif op.name == "llvm.call_intrinsic":
                a, b = given
                result = np.concatenate([a[::2] + a[1::2], b[::2] + b[1::2]])
            elif op.name in ("llvm.bitcast", "vector.bitcast"):
                result = as_type(given[0], op.results[0].type)
            else:
                assert op.name == "func.return"
                words = np.packbits(masks, axis=1, bitorder="little").tobytes()
                assert np.asarray(given[0]).tobytes() == words
                continue
            values[op.results[0]] = result


def as_type(bits: np.ndarray, type: Attribute) -> np.ndarray:
    """The same bits as lanes of another type, or as an integer."""
    data = np.atleast_1d(bits)
    if isinstance(type, VectorType):
        return data.view(numpy_lane_type(type.element_type))
    assert isinstance(type, IntegerType)
    if type.width.data == data.size and data.dtype == np.bool_:
        data = np.packbits(data, bitorder="little")
    return data.view(f"i{type.width.data // 8}")[0]
