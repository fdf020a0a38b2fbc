"""Views of memory and the addresses of accesses in LLVM's dialect."""

import re

import numpy as np
import pytest

from tests.backend.harness import llvm_ir, load
from tests.guard import guarded, misaligned

VIEWS = """
memref.global "private" constant @table : memref<2x3xi16> = dense<[[1, 2, 3], [-4, 5, 6]]>
func.func @f(%m: memref<6x10xi16>, %i: index, %out: memref<8xi16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c6 = arith.constant 6 : index
  %c7 = arith.constant 7 : index
  %dynamic = memref.subview %m[%i, 2][3, 4][1, 2]
      : memref<6x10xi16> to memref<3x4xi16, strided<[10, 2], offset: ?>>
  %a = memref.load %dynamic[%c2, %c3] : memref<3x4xi16, strided<[10, 2], offset: ?>>
  memref.store %a, %out[%c0] : memref<8xi16>
  %nested = memref.subview %dynamic[1, %c1][2, 2][1, 1]
      : memref<3x4xi16, strided<[10, 2], offset: ?>> to memref<2x2xi16, strided<[10, 2], offset: ?>>
  %b = memref.load %nested[%c1, %c0] : memref<2x2xi16, strided<[10, 2], offset: ?>>
  memref.store %b, %out[%c1] : memref<8xi16>
  %static = memref.subview %m[1, 3][2, 2][1, 1]
      : memref<6x10xi16> to memref<2x2xi16, strided<[10, 1], offset: 13>>
  %c = memref.load %static[%c1, %c1] : memref<2x2xi16, strided<[10, 1], offset: 13>>
  memref.store %c, %out[%c2] : memref<8xi16>
  %flat = memref.reinterpret_cast %m to offset: [4], sizes: [7, 8], strides: [8, 1]
      : memref<6x10xi16> to memref<7x8xi16, strided<[8, 1], offset: 4>>
  %d = memref.load %flat[%c2, %c1] : memref<7x8xi16, strided<[8, 1], offset: 4>>
  memref.store %d, %out[%c3] : memref<8xi16>
  %again = memref.reinterpret_cast %flat to offset: [3], sizes: [57], strides: [1]
      : memref<7x8xi16, strided<[8, 1], offset: 4>> to memref<57xi16, strided<[1], offset: 3>>
  %e = memref.load %again[%c5] : memref<57xi16, strided<[1], offset: 3>>
  memref.store %e, %out[%c4] : memref<8xi16>
  %table = memref.get_global @table : memref<2x3xi16>
  %f = memref.load %table[%c1, %c0] : memref<2x3xi16>
  memref.store %f, %out[%c5] : memref<8xi16>
  %scratch = memref.alloca() : memref<64xi8>
  %halves = memref.view %scratch[%c4][] : memref<64xi8> to memref<5x6xi16>
  memref.store %d, %halves[%c2, %c3] : memref<5x6xi16>
  %bytes = memref.view %scratch[%i][] : memref<64xi8> to memref<2xi16>
  %dim = memref.dim %halves, %c1 : memref<5x6xi16>
  %g = arith.index_cast %dim : index to i16
  memref.store %g, %out[%c6] : memref<8xi16>
  %h = memref.load %halves[%c2, %c3] : memref<5x6xi16>
  memref.store %h, %out[%c7] : memref<8xi16>
  func.return
}
"""


def generic_global(text: str) -> str:
    """`memref.global` prints and parses in its generic form only."""
    return re.sub(
        r'memref\.global "private" constant @(\w+) : (\S+) = (dense<.*>)',
        r'"memref.global"() <{sym_name = "\1", sym_visibility = "private", constant, '
        r"type = \2, initial_value = \3 : tensor<2x3xi16>}> : () -> ()",
        text,
    )


@pytest.mark.parametrize("place", [guarded, misaligned])
def test_views(place) -> None:
    m = place(np.arange(60, dtype=np.int16).reshape(6, 10))
    out = place(np.zeros(8, np.int16))
    load(generic_global(VIEWS))(m, 3, out)
    dynamic = m[3:6, 2:10:2]
    flat = m.reshape(-1)
    expected = [
        *(dynamic[2, 3], dynamic[2, 1], m[2, 4], flat[4 + 17], flat[3 + 5]),
        *(-4, 6, flat[4 + 17]),
    ]
    np.testing.assert_array_equal(out, expected)


def test_accesses_share_what_varies() -> None:
    """An unrolled tile computes the row once; the accesses differ in a constant."""
    text = """
func.func @f(%m: memref<8x16xi32>, %i: index) -> i32 {
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %next = arith.addi %i, %c1 : index
  %a = memref.load %m[%i, %c1] : memref<8x16xi32>
  %b = memref.load %m[%next, %c3] : memref<8x16xi32>
  %s = arith.addi %a, %b : i32
  func.return %s : i32
}"""
    ir = llvm_ir(text, "host")
    assert ir.count("mul nsw") == 1
    assert 'add nsw i64 %".5", 19' in ir or re.search(r"add nsw i64 %\S+, 19", ir)
    assert ir.count("getelementptr inbounds") == 2
    assert "inttoptr" not in ir
