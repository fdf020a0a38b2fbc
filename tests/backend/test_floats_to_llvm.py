"""Floats in LLVM's dialect: rounding, comparing, no calls of libm."""

import numpy as np
import pytest

from tests.backend.harness import COMPILE, RUN, assembly, calls, load
from tests.guard import guarded, misaligned


def floats(lanes: int) -> str:
    """All float operations on vectors, or on scalars if there is one lane."""
    vector = f"vector<{lanes}xf32>" if lanes > 1 else "f32"

    def memory(action: str, name: str, row: str) -> str:
        place = f"%{row}, %c0] : memref<{{rows}}x{lanes}xf32>"
        if lanes > 1:
            return f"vector.{action} {name}[{place}, {vector}"
        return f"memref.{action} {name}[{place}"

    ops = [
        f"math.roundeven %a : {vector}",
        f"math.floor %a : {vector}",
        f"math.ceil %a : {vector}",
        f"math.round %a : {vector}",
        f"arith.maxnumf %a, %b : {vector}",
        f"arith.minnumf %a, %b : {vector}",
        f"arith.maximumf %a, %b : {vector}",
        f"arith.minimumf %a, %b : {vector}",
        f"arith.addf %a, %b : {vector}",
        f"arith.subf %a, %b : {vector}",
        f"arith.mulf %a, %b : {vector}",
        f"arith.divf %a, %b : {vector}",
        f"arith.negf %a : {vector}",
        f"math.fma %a, %b, %a : {vector}",
        f"math.absf %a : {vector}",
    ]
    lines = [
        f"func.func @f(%in: memref<2x{lanes}xf32>, %out: memref<{len(ops)}x{lanes}xf32>) {{",
        *(f"%c{k} = arith.constant {k} : index" for k in range(len(ops))),
        f"%a = {memory('load', '%in', 'c0').format(rows=2)}",
        f"%b = {memory('load', '%in', 'c1').format(rows=2)}",
    ]
    for k, op in enumerate(ops):
        lines.append(f"%r{k} = {op}")
        lines.append(memory("store", f"%r{k}, %out", f"c{k}").format(rows=len(ops)))
    return "\n".join([*lines, "func.return", "}"])


SPECIAL = np.array(
    [
        *(0.0, -0.0, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 0.49999997, -0.49999997),
        *(2**22 + 0.5, -(2**22) - 0.5, 2**23 - 0.5, 0.5 - 2**23, 2**23, -(2**23), 2**23 + 1, 1e30),
        *(np.inf, -np.inf, np.nan, 3.7, -3.7, 1e-30, -1e-30, 2**31, 8388607.0, 4194303.5),
    ],
    np.float32,
)


def round_away(x: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        wide = x.astype(np.float64)
        return np.copysign(np.floor(np.abs(wide) + 0.5), wide).astype(np.float32)


@pytest.mark.parametrize("target", RUN)
@pytest.mark.parametrize("lanes", [1, 4])
def test_floats(target: str, lanes: int) -> None:
    function = load(floats(lanes), target)
    other = np.roll(SPECIAL, 5)
    for start in range(0, len(SPECIAL), lanes):
        a, b = SPECIAL[start : start + lanes], other[start : start + lanes]
        out = guarded(np.zeros((15, lanes), np.float32))
        function(misaligned(np.stack([a, b])), out)
        with np.errstate(all="ignore"):
            fused = (a.astype(np.float64) * b + a).astype(np.float32)
            expected = [
                *(np.rint(a), np.floor(a), np.ceil(a), round_away(a)),
                *(np.fmax(a, b), np.fmin(a, b), np.maximum(a, b), np.minimum(a, b)),
                *(a + b, a - b, a * b, a / b, -a, fused, np.abs(a)),
            ]
        for k, row in enumerate(expected):
            np.testing.assert_array_equal(out[k], row, err_msg=f"operation {k} of {a}, {b}")
            if k < 4:
                np.testing.assert_array_equal(np.signbit(out[k]), np.signbit(a))


@pytest.mark.parametrize("target", COMPILE)
@pytest.mark.parametrize("lanes", [1, 4])
def test_floats_need_no_libm(target: str, lanes: int) -> None:
    """Except fma, which baseline x86-64 and the Cortex-A9 do not have."""
    text = "\n".join(line for line in floats(lanes).splitlines() if "%r13" not in line)
    assert calls(assembly(text, target)) == []
