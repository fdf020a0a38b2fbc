"""A 4x4 popcount tile with its accumulators in registers: what it computes and what it becomes."""

import re

import numpy as np
import pytest

from lowering.targets import get_target
from tests.backend.harness import RUN, assembly, calls, inner_loop, load
from tests.guard import guarded, misaligned


def tile(target: str, rows: int = 4, columns: int = 4, steps: int = 100) -> str:
    """C[r, c] = sum over k of popcount(A[k, r] and B[k, c]), a vector of words for each c."""
    described = get_target(target)
    word = f"i{described.word_bits}"
    lanes = described.lanes(described.word_bits)
    vector = f"vector<{lanes}x{word}>"
    a, b = f"memref<{steps}x{rows}x{word}>", f"memref<{steps}x{columns * lanes}x{word}>"
    c = f"memref<{rows}x{columns * lanes}x{word}>"
    cells = [(row, column) for row in range(rows) for column in range(columns)]
    carried = ", ".join(f"%acc{r}_{c} = %zero" for r, c in cells)
    lines = [
        f"func.func @f(%A: {a}, %B: {b}, %C: {c}) {{",
        f"%zero = arith.constant dense<0> : {vector}",
        *(f"%c{k} = arith.constant {k} : index" for k in range(max(rows, 2))),
        *(f"%at{k} = arith.constant {k * lanes} : index" for k in range(columns)),
        f"%steps = arith.constant {steps} : index",
        f"%sums:{len(cells)} = scf.for %k = %c0 to %steps step %c1 iter_args({carried})"
        f" -> ({', '.join([vector] * len(cells))}) {{",
        *(f"%b{k} = vector.load %B[%k, %at{k}] : {b}, {vector}" for k in range(columns)),
        *(f"%a{r} = simd.broadcast_load %A[%k, %c{r}] : {a} to {vector}" for r in range(rows)),
        *(f"%n{r}_{c} = simd.popcount_acc and %acc{r}_{c}, %a{r}, %b{c} : {vector}"
          for r, c in cells),
        f"scf.yield {', '.join(f'%n{r}_{c}' for r, c in cells)} : "
        f"{', '.join([vector] * len(cells))}",
        "}",
        *(f"vector.store %sums#{n}, %C[%c{r}, %at{k}] : {c}, {vector}"
          for n, (r, k) in enumerate(cells)),
        "func.return",
        "}",
    ]  # fmt: skip
    return "\n".join(lines)


@pytest.mark.parametrize("target", RUN)
@pytest.mark.parametrize("fill", ["random", "saturated"])
@pytest.mark.parametrize("place", [guarded, misaligned])
def test_computes_the_product(target: str, fill: str, place) -> None:
    described = get_target(target)
    dtype, columns = (
        np.dtype(f"u{described.word_bits // 8}"),
        4 * described.lanes(described.word_bits),
    )
    rng = np.random.default_rng(0)
    a, b = (
        rng.integers(0, np.iinfo(dtype).max, shape, dtype, True)
        if fill == "random"
        else np.full(shape, np.iinfo(dtype).max, dtype)
        for shape in ((100, 4), (100, columns))
    )
    c = place(np.zeros((4, columns), dtype))
    load(tile(target), target)(place(a), place(b), c)
    words = np.ascontiguousarray(a[:, :, None] & b[:, None, :])[..., None]
    counts = np.unpackbits(words.view(np.uint8), axis=-1).sum((0, -1), dtype=dtype)
    np.testing.assert_array_equal(c, counts)


INSTRUCTIONS = {
    "znver5": r"vpopcntd\s.*%zmm",
    "znver4": r"vpopcntd\s.*%zmm",
    "icelake-server": r"vpopcntd\s.*%zmm",
    "x86-64-v4": r"vpshufb\s.*%zmm",
    "x86-64-v3": r"vpshufb\s.*%ymm",
    "cortex-a53": r"\bcnt\s+v\d+\.16b",
    "cortex-a72": r"\bcnt\s+v\d+\.16b",
    "neoverse-n1": r"\bcnt\s+v\d+\.16b",
    "cortex-a7": r"vcnt\.8\s+q",
    "cortex-a9": r"vcnt\.8\s+q",
}

SPILLS = re.compile(r"\(%[re]sp\)|\[sp[,\]]")


@pytest.mark.parametrize("target", INSTRUCTIONS)
def test_counts_bits_as_the_target_does(target: str) -> None:
    text = assembly(tile(target, rows=2, columns=2), target)
    loop = inner_loop(text)
    assert any(re.search(INSTRUCTIONS[target], line) for line in loop), text
    assert calls(text) == []
    assert not [line for line in loop if SPILLS.search(line)], text


@pytest.mark.parametrize("target", ["znver5", "icelake-server", "cortex-a53", "neoverse-n1"])
def test_sixteen_accumulators_stay_in_registers(target: str) -> None:
    loop = inner_loop(assembly(tile(target), target))
    assert not [line for line in loop if SPILLS.search(line)], "\n".join(loop)


def test_avx512_takes_three_instructions_for_a_cell() -> None:
    """And, count, add; the loads of 4 vectors and the loop's own steps come on top.

    The broadcasts are operands of the `vpandd`, or one load each. A pointer into each operand takes
    two of the loop's seven steps: a copy and a shift, which do not wait for the vectors.
    """
    loop = inner_loop(assembly(tile("znver5"), "znver5"))
    assert len(loop) <= 16 * 3 + 4 + 4 + 7, "\n".join(loop)


def test_restriction_of_the_host_is_obeyed() -> None:
    for target in RUN:
        text = assembly(tile(target), target)
        if target.endswith("+avx2"):
            assert "zmm" not in text
            assert "ymm" in text
        if target.endswith("+sse2"):
            assert "ymm" not in text
            assert "zmm" not in text
            assert "vp" not in text
