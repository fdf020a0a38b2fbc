"""Operations of other dialects on memory: linalg, affine, scf.while, copies and allocations."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.utils.exceptions import DiagnosticException

from lowering.pipeline import LEVELS, lower
from runtime import compile
from runtime.source import parse_module

RNG = np.random.default_rng(12)

CONV = """
func.func @conv(%x: memref<2x9x7x5xi8>, %w: memref<3x2x5x4xi8>, %y: memref<2x4x3x4xi32>) {
  linalg.conv_2d_nhwc_hwcf
    {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}
    ins(%x, %w : memref<2x9x7x5xi8>, memref<3x2x5x4xi8>) outs(%y : memref<2x4x3x4xi32>)
  return
}"""

MATMUL = """
func.func @matmul(%a: memref<5x33xf32>, %b: memref<33x6xf32>, %c: memref<5x6xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<5x6xf32>)
  linalg.matmul ins(%a, %b : memref<5x33xf32>, memref<33x6xf32>) outs(%c : memref<5x6xf32>)
  return
}"""

GENERIC = """
func.func @scaled(%x: memref<3x4xi32>, %s: memref<4xi32>, %y: memref<4x3xi32>) {
  linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
                     affine_map<(i, j) -> (j, i)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%x, %s : memref<3x4xi32>, memref<4xi32>) outs(%y : memref<4x3xi32>) {
  ^bb0(%a: i32, %b: i32, %old: i32):
    %row = linalg.index 0 : index
    %r = arith.index_cast %row : index to i32
    %p = arith.muli %a, %b : i32
    %q = arith.addi %p, %r : i32
    linalg.yield %q : i32
  }
  return
}"""

AFFINE = """
func.func @windows(%x: memref<10xi32>, %y: memref<4x4xi32>, %z: memref<21xindex_as_i32>) {
  affine.for %i = 0 to 4 {
    affine.for %j = affine_map<(d0) -> (d0)> (%i) to 4 {
      %a = affine.load %x[%i * 2 + %j] : memref<10xi32>
      %k = affine.apply affine_map<(d0)[s0] -> (d0 - s0)> (%i)[%j]
      %b = arith.index_cast %k : index to i32
      %c = arith.addi %a, %b : i32
      affine.store %c, %y[%i, %j] : memref<4x4xi32>
    }
  }
  %zero = arith.constant 0 : i32
  %sum = affine.for %i = 0 to 10 step 3 iter_args(%s = %zero) -> (i32) {
    %a = affine.load %x[%i] : memref<10xi32>
    %t = arith.addi %s, %a : i32
    affine.yield %t : i32
  }
  affine.store %sum, %y[3, 0] : memref<4x4xi32>
  affine.for %i = -10 to 11 {
    %f = affine.apply affine_map<(d0) -> (d0 floordiv 3)> (%i)
    %g = affine.apply affine_map<(d0) -> (d0 ceildiv 4)> (%i)
    %m = affine.apply affine_map<(d0) -> (d0 mod 5)> (%i)
    %low = affine.min affine_map<(d0) -> (d0, 7)> (%i)
    %h = arith.constant 100 : index
    %h2 = arith.constant 10000 : index
    %f2 = arith.muli %f, %h2 : index
    %g2 = arith.muli %g, %h : index
    %t0 = arith.addi %f2, %g2 : index
    %t1 = arith.addi %t0, %m : index
    %t2 = arith.addi %t1, %low : index
    %v = arith.index_cast %t2 : index to i32
    affine.store %v, %z[%i + 10] : memref<21xi32>
  }
  return
}""".replace("index_as_i32", "i32")

BRANCHES = """
#inner = affine_set<(d0)[s0] : (d0 - 2 >= 0, s0 - d0 - 2 >= 0)>
func.func @branches(%x: memref<8xi32>, %y: memref<3x4xi32>) {
  %n = arith.constant 8 : index
  affine.for %i = 0 to 8 {
    "affine.if"(%i, %n) ({
      %a = affine.load %x[%i] : memref<8xi32>
      %b = arith.addi %a, %a : i32
      affine.store %b, %x[%i] : memref<8xi32>
      affine.yield
    }, {
      %c = arith.constant -1 : i32
      affine.store %c, %x[%i] : memref<8xi32>
      affine.yield
    }) {condition = #inner} : (index, index) -> ()
  }
  "affine.parallel"() ({
  ^bb0(%i: index, %j: index):
    %a = affine.load %x[%i * 2 + %j] : memref<8xi32>
    affine.store %a, %y[%i, %j] : memref<3x4xi32>
    affine.yield
  }) {reductions = [], lowerBoundsMap = affine_map<() -> (0, 1)>,
      lowerBoundsGroups = dense<1> : tensor<2xi32>, upperBoundsMap = affine_map<() -> (3, 4)>,
      upperBoundsGroups = dense<1> : tensor<2xi32>, steps = [1, 2]} : () -> ()
  return
}"""

WHILE = """
func.func @collatz(%x: memref<6xi32>, %steps: memref<6xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %two = arith.constant 2 : i32
  %three = arith.constant 3 : i32
  scf.for %i = %c0 to %c6 step %c1 {
    %start = memref.load %x[%i] : memref<6xi32>
    %end, %count = scf.while (%n = %start, %k = %zero) : (i32, i32) -> (i32, i32) {
      %more = arith.cmpi sgt, %n, %one : i32
      scf.condition(%more) %n, %k : i32, i32
    } do {
    ^bb0(%n: i32, %k: i32):
      %low = arith.andi %n, %one : i32
      %is_odd = arith.cmpi eq, %low, %one : i32
      %next = scf.if %is_odd -> (i32) {
        %a = arith.muli %n, %three : i32
        %b = arith.addi %a, %one : i32
        scf.yield %b : i32
      } else {
        %h = arith.divsi %n, %two : i32
        scf.yield %h : i32
      }
      %k1 = arith.addi %k, %one : i32
      scf.yield %next, %k1 : i32, i32
    }
    memref.store %end, %x[%i] : memref<6xi32>
    memref.store %count, %steps[%i] : memref<6xi32>
  }
  return
}"""

ALLOCATED = """
func.func private @double(%x: memref<4x6xi32>) -> i32 {
  %t = memref.alloc() {alignment = 64 : i64} : memref<4x6xi32>
  memref.copy %x, %t : memref<4x6xi32> to memref<4x6xi32>
  linalg.add ins(%t, %t : memref<4x6xi32>, memref<4x6xi32>) outs(%x : memref<4x6xi32>)
  memref.dealloc %t : memref<4x6xi32>
  %one = arith.constant 1 : i32
  return %one : i32
}
func.func @main(%x: memref<4x6xi32>, %y: memref<2x2xi32>) {
  %a = memref.alloc() : memref<4x6xi32>
  memref.copy %x, %a : memref<4x6xi32> to memref<4x6xi32>
  %one = func.call @double(%x) : (memref<4x6xi32>) -> i32
  %two = func.call @double(%x) : (memref<4x6xi32>) -> i32
  %b = memref.alloc() : memref<4x6xi32>
  linalg.sub ins(%x, %a : memref<4x6xi32>, memref<4x6xi32>) outs(%b : memref<4x6xi32>)
  %part = memref.subview %b[1, 2] [2, 2] [2, 3] : memref<4x6xi32> to
      memref<2x2xi32, strided<[12, 3], offset: 8>>
  memref.copy %part, %y : memref<2x2xi32, strided<[12, 3], offset: 8>> to memref<2x2xi32>
  %c0 = arith.constant 0 : index
  %sum = arith.addi %one, %two : i32
  memref.store %sum, %y[%c0, %c0] : memref<2x2xi32>
  return
}"""

Arrays = list[NDArray]


def conv(x: NDArray, w: NDArray, y: NDArray) -> Arrays:
    new, wide = y.copy(), x.astype(np.int32)
    for i, j, ky, kx in np.ndindex(4, 3, 3, 2):
        new[:, i, j] += wide[:, 2 * i + ky, 2 * j + kx] @ w[ky, kx].astype(np.int32)
    return [x, w, new]


def windows(x: NDArray, y: NDArray, z: NDArray) -> Arrays:
    y = y.copy()
    for i, j in np.ndindex(4, 4):
        if j >= i:
            y[i, j] = x[2 * i + j] + i - j
    y[3, 0] = x[::3].sum()
    i = np.arange(-10, 11)
    return [x, y, 10000 * (i // 3) + 100 * -(-i // 4) + i % 5 + np.minimum(i, 7)]


def branches(x: NDArray, y: NDArray) -> Arrays:
    x, y = np.where((np.arange(8) >= 2) & (np.arange(8) <= 6), 2 * x, -1), y.copy()
    for i, j in np.ndindex(3, 4):
        if j % 2:
            y[i, j] = x[2 * i + j]
    return [x, y]


def collatz(x: NDArray, _: NDArray) -> Arrays:
    def steps(n: int) -> int:
        return 0 if n <= 1 else 1 + steps(3 * n + 1 if n % 2 else n // 2)

    return [np.minimum(x, 1), np.array([steps(int(n)) for n in x])]


def main(x: NDArray, _: NDArray) -> Arrays:
    y = (4 * x - x)[1::2, 2::3].copy()
    y[0, 0] = 2
    return [4 * x, y]


def ints(*shape: int, dtype: type = np.int32) -> NDArray:
    return RNG.integers(-100, 100, shape).astype(dtype)


CASES: dict[str, tuple[str, Callable[..., Arrays], Arrays]] = {
    "conv": (CONV, conv, [ints(2, 9, 7, 5, dtype=np.int8), ints(3, 2, 5, 4, dtype=np.int8),
                          ints(2, 4, 3, 4)]),
    "matmul": (MATMUL, lambda a, b, c: [a, b, a @ b],
               [ints(5, 33, dtype=np.float32), ints(33, 6, dtype=np.float32),
                ints(5, 6, dtype=np.float32)]),
    "generic": (GENERIC, lambda x, s, y: [x, s, (x * s + np.arange(3)[:, None]).T],
                [ints(3, 4), ints(4), ints(4, 3)]),
    "affine": (AFFINE, windows, [ints(10), ints(4, 4), ints(21)]),
    "branches": (BRANCHES, branches, [ints(8), ints(3, 4)]),
    "while": (WHILE, collatz, [np.array([1, 2, 27, 0, -5, 7], np.int32), ints(6)]),
    "allocated": (ALLOCATED, main, [ints(4, 6), ints(2, 2)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values(name: str) -> None:
    text, reference, given = CASES[name]
    expected = reference(*given)
    function = compile(text, use_cache=False)
    for _ in range(2):
        arrays = [array.copy() for array in given]
        assert function(*arrays) is None
        for found, wanted in zip(arrays, expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("level", list(LEVELS)[2:])
def test_they_go_on_from_the_text_of_a_level(level: str) -> None:
    for name in ("allocated", "while", "conv"):
        text, reference, given = CASES[name]
        module = parse_module(text)
        lower(module, "host", level)
        arrays = [array.copy() for array in given]
        compile(str(module), use_cache=False)(*arrays)
        for found, wanted in zip(arrays, reference(*given), strict=True):
            np.testing.assert_array_equal(found, wanted, f"{name} from {level}")


def test_allocations_share_a_workspace() -> None:
    """Two slots of @main, and one of each call, of which the second is where the first was."""
    slot, inner = 2 * 64, 2 * 64 + 63
    function = compile(ALLOCATED, use_cache=False)
    assert function.signature.workspace == slot + ceil(inner / 64) * 64 + 63


def refused(text: str) -> str:
    """What is said of a function of memrefs."""
    with pytest.raises(DiagnosticException) as caught:
        compile(
            f"func.func @main(%x: memref<4x8xi32>, %y: memref<4xi32>) {{\n{text}\n  return\n}}",
            use_cache=False,
        )
    return str(caught.value)


REFUSALS = {
    "linalg.add ins(%x, %x : memref<4x8xi32>, memref<4x8xi32>) outs(%y : memref<4xi32>)":
        "'linalg.add': expected operand #2 of rank 1 to match",
    "linalg.matmul ins(%x, %x : memref<4x8xi32>, memref<4x8xi32>) outs(%x : memref<4x8xi32>)":
        "'linalg.matmul': inferred input/output operand #1 has shape's dimension #0 to be 8",
    "%s = memref.reinterpret_cast %x to offset: [0], sizes: [1, 4, 4, 1], strides: [32, 8, 1, 1] :"
    " memref<4x8xi32> to memref<1x4x4x1xi32>\n"
    "%w = memref.alloc() : memref<3x3x1x1xi32>\n%z = memref.alloc() : memref<1x3x2x1xi32>\n"
    "linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>,"
    " strides = dense<1> : tensor<2xi64>} ins(%s, %w : memref<1x4x4x1xi32>,"
    " memref<3x3x1x1xi32>) outs(%z : memref<1x3x2x1xi32>)": "to be greater than or equal to 5",
    "%t = memref.alloc() {alignment = 128 : i64} : memref<4xi32>\n"
    "memref.dealloc %t : memref<4xi32>":
        "slots of the workspace are aligned to 64 bytes",
    "%r = scf.while (%a = %c) : (index) -> (index) {\n%m = arith.cmpi slt, %a, %c : index\n"
    "scf.condition(%m) %m : i1\n} do {\n^bb0(%b: index):\nscf.yield %b : index\n}\n"
    "%n = arith.constant 1 : i32\nmemref.store %n, %y[%r] : memref<4xi32>":
        "must keep their types",
    "%r = scf.for %i = %d to %c step %c iter_args(%m = %y) -> (memref<4xi32>) {\n"
    "%n = memref.alloc() : memref<4xi32>\nmemref.copy %m, %n : memref<4xi32> to memref<4xi32>\n"
    "scf.yield %n : memref<4xi32>\n}\nmemref.copy %r, %y : memref<4xi32> to memref<4xi32>":
        "allocated memory must not leave",
    "func.call @main(%x, %y) : (memref<4x8xi32>, memref<4xi32>) -> ()": "@main calls itself",
    "%z = affine.apply affine_map<()[s0] -> (s0 mod 0)> ()[%c]\n%n = arith.constant 1 : i32\n"
    "memref.store %n, %y[%z] : memref<4xi32>": "must be a positive constant",
    "%t = memref.load %y[%c] : memref<4xi32>\n%u = tensor.from_elements %t : tensor<1xi32>\n"
    "%v = tensor.extract %u[%d] : tensor<1xi32>\nmemref.store %v, %y[%c] : memref<4xi32>": "level",
}  # fmt: skip


def test_an_index_of_no_loop_is_refused() -> None:
    text = GENERIC.replace("linalg.index 0", "linalg.index 7")
    with pytest.raises(DiagnosticException, match="there is no loop 7: there are 2"):
        compile(text, use_cache=False)


@pytest.mark.parametrize("text", REFUSALS)
def test_what_has_no_loops_is_refused(text: str) -> None:
    assert REFUSALS[text] in refused(
        f"%c = arith.constant 1 : index\n%d = arith.constant 0 : index\n{text}"
    )
