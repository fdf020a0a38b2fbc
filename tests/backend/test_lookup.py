"""The expansions of `simd.lookup` for every target, interpreted: few of them can run here."""

from typing import Any

import numpy as np
import pytest
from xdsl.context import Context
from xdsl.ir import Operation

from lowering.simd.simd_lower import SimdLowerPass
from lowering.targets import TARGETS
from tests.backend.harness import parse


def intrinsic(name: str, *given: np.ndarray) -> np.ndarray:
    """What the manuals of the instructions say, on unsigned bytes."""
    *tables, index = (given[0], given[2], given[1]) if "vpermi2" in name else given
    lanes = np.arange(len(index))
    if "pshuf" in name:
        return np.where(index & 0x80, 0, tables[0][(lanes & ~15) | (index & 15)])
    table = np.concatenate(tables)
    if "permvar" in name or "vpermi2" in name:
        return table[index % len(table)]
    assert "tbl" in name
    return np.where(index < len(table), table[np.minimum(index, len(table) - 1)], 0)


def evaluate(op: Operation, given: list[np.ndarray]) -> np.ndarray:
    properties: dict[str, Any] = op.properties
    match op.name:
        case "arith.constant":
            shape = op.results[0].type.get_shape()  # type: ignore[attr-defined]
            return np.resize(list(properties["value"].iter_values()), shape).astype(np.uint8)
        case "arith.andi":
            return given[0] & given[1]
        case "llvm.icmp":
            return given[0] != given[1]
        case "llvm.select":
            return np.where(*given)
        case "llvm.mlir.undef":
            return np.full(op.results[0].type.get_shape(), 0xA5, np.uint8)  # type: ignore[attr-defined]
        case "vector.shuffle":
            return np.concatenate(given)[list(properties["mask"].iter_values())]
        case "llvm.call_intrinsic":
            return intrinsic(properties["intrin"].data, *given).astype(np.uint8)
    raise AssertionError(op.name)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("promise", ["", "in_range "])
@pytest.mark.parametrize("lanes", [8, 16, 32, 64])
@pytest.mark.parametrize("entries", [16, 32, 64, 128, 256])
def test_expansions(entries: int, lanes: int, promise: str, target: str) -> None:
    types = f"vector<{entries}xi8>, vector<{lanes}xi8>"
    module = parse(
        f"""
func.func @f(%t: vector<{entries}xi8>, %i: vector<{lanes}xi8>) -> vector<{lanes}xi8> {{
  %r = simd.lookup {promise}%t, %i : {types}
  func.return %r : vector<{lanes}xi8>
}}"""
    )
    SimdLowerPass(target).apply(Context(), module)
    (function,) = module.ops
    body = function.regions[0].block
    rng = np.random.default_rng(5)
    table = rng.integers(0, 256, entries).astype(np.uint8)
    bound = entries if promise else 256
    for first in range(0, bound, lanes):
        index = rng.permutation((first + np.arange(lanes)) % bound).astype(np.uint8)
        values: dict[Any, np.ndarray] = dict(zip(body.args, (table, index), strict=True))
        for op in body.ops:
            given = [values[operand] for operand in op.operands]
            if op.name == "func.return":
                np.testing.assert_array_equal(given[0], table[index.astype(int) % entries])
            else:
                values[op.results[0]] = evaluate(op, given)
