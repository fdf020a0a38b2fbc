"""The conversion to LLVM, run on the host and compared with numpy; compiled for everything."""

import numpy as np
import pytest

from tests.backend.harness import COMPILE, RUN, assembly, calls, llvm_ir, load
from tests.backend.test_addresses import VIEWS, generic_global
from tests.backend.test_floats_to_llvm import floats
from tests.guard import guarded

INTEGERS = """
func.func @f(%a: i32, %b: i32, %out: memref<24xi32>) {
  %i0 = arith.constant 0 : index
  %i1 = arith.constant 1 : index
  %i2 = arith.constant 2 : index
  %i3 = arith.constant 3 : index
  %i4 = arith.constant 4 : index
  %i5 = arith.constant 5 : index
  %i6 = arith.constant 6 : index
  %i7 = arith.constant 7 : index
  %i8 = arith.constant 8 : index
  %i9 = arith.constant 9 : index
  %i10 = arith.constant 10 : index
  %i11 = arith.constant 11 : index
  %i12 = arith.constant 12 : index
  %i13 = arith.constant 13 : index
  %i14 = arith.constant 14 : index
  %i15 = arith.constant 15 : index
  %i16 = arith.constant 16 : index
  %i17 = arith.constant 17 : index
  %c3 = arith.constant 3 : i32
  %r0 = arith.addi %a, %b : i32
  %r1 = arith.subi %a, %b : i32
  %r2 = arith.muli %a, %b : i32
  %r3 = arith.shli %a, %c3 : i32
  %r4 = arith.shrui %a, %c3 : i32
  %r5 = arith.shrsi %a, %c3 : i32
  %r6 = arith.divsi %a, %c3 : i32
  %r7 = arith.divui %a, %c3 : i32
  %r8 = arith.remsi %a, %c3 : i32
  %r9 = arith.remui %a, %c3 : i32
  %r10 = arith.minsi %a, %b : i32
  %r11 = arith.maxsi %a, %b : i32
  %r12 = arith.minui %a, %b : i32
  %r13 = arith.maxui %a, %b : i32
  %lt = arith.cmpi slt, %a, %b : i32
  %r14 = arith.select %lt, %c3, %a : i32
  %t8 = arith.trunci %a : i32 to i8
  %r15 = arith.extsi %t8 : i8 to i32
  %r16 = arith.extui %t8 : i8 to i32
  %pop = math.ctpop %a : i32
  %abs = math.absi %b : i32
  %or = arith.ori %pop, %abs : i32
  %and = arith.andi %or, %a : i32
  %r17 = arith.xori %and, %b : i32
  memref.store %r0, %out[%i0] : memref<24xi32>
  memref.store %r1, %out[%i1] : memref<24xi32>
  memref.store %r2, %out[%i2] : memref<24xi32>
  memref.store %r3, %out[%i3] : memref<24xi32>
  memref.store %r4, %out[%i4] : memref<24xi32>
  memref.store %r5, %out[%i5] : memref<24xi32>
  memref.store %r6, %out[%i6] : memref<24xi32>
  memref.store %r7, %out[%i7] : memref<24xi32>
  memref.store %r8, %out[%i8] : memref<24xi32>
  memref.store %r9, %out[%i9] : memref<24xi32>
  memref.store %r10, %out[%i10] : memref<24xi32>
  memref.store %r11, %out[%i11] : memref<24xi32>
  memref.store %r12, %out[%i12] : memref<24xi32>
  memref.store %r13, %out[%i13] : memref<24xi32>
  memref.store %r14, %out[%i14] : memref<24xi32>
  memref.store %r15, %out[%i15] : memref<24xi32>
  memref.store %r16, %out[%i16] : memref<24xi32>
  memref.store %r17, %out[%i17] : memref<24xi32>
  func.return
}
"""


@pytest.mark.parametrize(
    ("a", "b"), [(7, -5), (-7, 5), (2**31 - 1, 1), (-(2**31), -1), (0, 0), (-1, -(2**31))]
)
def test_integers(a: int, b: int) -> None:
    out = np.zeros(24, np.int32)
    load(INTEGERS)(a, b, out)
    unsigned, low = a % 2**32, a % 256
    quotient = abs(a) // 3 * (1 if a >= 0 else -1)
    either = a.bit_count() if a >= 0 else unsigned.bit_count()
    expected = [
        *(a + b, a - b, a * b, a << 3, unsigned >> 3, a >> 3),
        *(quotient, unsigned // 3, a - 3 * quotient, unsigned % 3),
        *(min(a, b), max(a, b), min(unsigned, b % 2**32), max(unsigned, b % 2**32)),
        *(3 if a < b else a, low - 256 * (low >= 128), low),
        ((either | abs(b)) & a) ^ b,
    ]
    wrapped = np.array([value % 2**32 for value in expected], np.uint32).view(np.int32)
    np.testing.assert_array_equal(out[: len(expected)], wrapped)


VECTORS = """
func.func @f(%m: memref<20xi32>, %i: index, %out: memref<8x8xi32>, %sums: memref<16xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c6 = arith.constant 6 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  %c15 = arith.constant 15 : index
  %mask = arith.constant dense<[true, true, true, true, true, false, false, false]> : vector<8xi1>
  %pad = arith.constant dense<-7> : vector<8xi32>
  %tail = vector.maskedload %m[%c15], %mask, %pad
      : memref<20xi32>, vector<8xi1>, vector<8xi32> into vector<8xi32>
  vector.store %tail, %out[%c0, %c0] : memref<8x8xi32>, vector<8xi32>
  %v = vector.load %m[%i] : memref<20xi32>, vector<8xi32>
  %swapped = vector.shuffle %v, %tail [7, 6, 5, 4, 8, 9, 10, 11] : vector<8xi32>, vector<8xi32>
  vector.store %swapped, %out[%c1, %c0] : memref<8x8xi32>, vector<8xi32>
  %lane = vector.extract %v[%i] : i32 from vector<8xi32>
  %last = vector.extract %v[7] : i32 from vector<8xi32>
  %in = vector.insert %lane, %v[0] : i32 into vector<8xi32>
  %both = vector.insert %last, %in[%i] : i32 into vector<8xi32>
  vector.store %both, %out[%c2, %c0] : memref<8x8xi32>, vector<8xi32>
  %all = vector.broadcast %lane : i32 to vector<8xi32>
  vector.store %all, %out[%c3, %c0] : memref<8x8xi32>, vector<8xi32>
  %bytes = vector.bitcast %v : vector<8xi32> to vector<32xi8>
  %counted = math.ctpop %bytes : vector<32xi8>
  %back = vector.bitcast %counted : vector<32xi8> to vector<8xi32>
  vector.store %back, %out[%c4, %c0] : memref<8x8xi32>, vector<8xi32>
  vector.maskedstore %m[%c15], %mask, %back : memref<20xi32>, vector<8xi1>, vector<8xi32>
  %small = arith.minsi %v, %pad : vector<8xi32>
  %big = arith.maxui %small, %tail : vector<8xi32>
  vector.store %big, %out[%c5, %c0] : memref<8x8xi32>, vector<8xi32>
  %sum = vector.reduction <add>, %v : vector<8xi32> into i32
  %more = vector.reduction <add>, %v, %lane : vector<8xi32> into i32
  %least = vector.reduction <minsi>, %v : vector<8xi32> into i32
  %most = vector.reduction <maxsi>, %v, %lane : vector<8xi32> into i32
  %every = vector.reduction <and>, %v : vector<8xi32> into i32
  %some = vector.reduction <or>, %v : vector<8xi32> into i32
  %odd = vector.reduction <xor>, %v : vector<8xi32> into i32
  memref.store %sum, %sums[%c0] : memref<16xi32>
  memref.store %more, %sums[%c1] : memref<16xi32>
  memref.store %least, %sums[%c2] : memref<16xi32>
  memref.store %most, %sums[%c3] : memref<16xi32>
  memref.store %every, %sums[%c4] : memref<16xi32>
  memref.store %some, %sums[%c5] : memref<16xi32>
  memref.store %odd, %sums[%c6] : memref<16xi32>
  func.return
}
"""


@pytest.mark.parametrize("target", RUN)
def test_vectors(target: str) -> None:
    rng = np.random.default_rng(2)
    m = rng.integers(-(2**31), 2**31 - 1, 20, np.int32, endpoint=True)
    given, out, sums = guarded(m), guarded(np.zeros((8, 8), np.int32)), np.zeros(16, np.int32)
    load(VECTORS, target)(given, 3, out, sums)
    v = m[3:11]
    tail = np.concatenate([m[15:], [-7] * 3]).astype(np.int32)
    np.testing.assert_array_equal(out[0], tail)
    np.testing.assert_array_equal(out[1], [*v[7:3:-1], *tail[:4]])
    both = v.copy()
    both[0], both[3] = v[3], v[7]
    np.testing.assert_array_equal(out[2], both)
    np.testing.assert_array_equal(out[3], [v[3]] * 8)
    back = np.unpackbits(v.view(np.uint8)[:, None], axis=1).sum(1, dtype=np.uint8).view(np.int32)
    np.testing.assert_array_equal(out[4], back)
    np.testing.assert_array_equal(given, [*m[:15], *back[:5]])
    big = np.maximum(np.minimum(v, -7).view(np.uint32), tail.view(np.uint32)).view(np.int32)
    np.testing.assert_array_equal(out[5], big)
    total = v.sum(dtype=np.int32)
    expected = [total, total + v[3], v.min(), v.max(), np.bitwise_and.reduce(v)]
    expected += [np.bitwise_or.reduce(v), np.bitwise_xor.reduce(v)]
    np.testing.assert_array_equal(sums[:7], np.array(expected).astype(np.int32))


@pytest.mark.parametrize("target", RUN)
@pytest.mark.parametrize(("lanes", "type"), [(8, "i64"), (16, "i32"), (64, "i8")])
def test_tails_touch_only_their_lanes(target: str, lanes: int, type: str) -> None:
    size = 2 * lanes
    vector = f"vector<{lanes}x{type}>"
    text = f"""
func.func @f(%m: memref<{size}x{type}>, %at: index, %n: index, %out: memref<{lanes}x{type}>) {{
  %c0 = arith.constant 0 : index
  %none = arith.constant dense<0> : vector<{lanes}x{type}>
  %yes = arith.constant true
  %mask = vector.create_mask %n : vector<{lanes}xi1>
  %v = vector.maskedload %m[%at], %mask, %none
      : memref<{size}x{type}>, vector<{lanes}xi1>, {vector} into {vector}
  scf.if %yes {{
    vector.maskedstore %out[%c0], %mask, %v
        : memref<{lanes}x{type}>, vector<{lanes}xi1>, vector<{lanes}x{type}>
  }}
  func.return
}}"""
    function = load(text, target)
    m = guarded(np.arange(1, size + 1, dtype=np.dtype(f"int{type[1:]}")))
    for count in (-1, 0, 1, lanes // 2, lanes - 1, lanes):
        n, at = max(count, 0), size - max(count, 0)
        # The end of the memory is in the middle of the vector.
        out = guarded(np.zeros(lanes, m.dtype))
        function(m, at, count, out)
        np.testing.assert_array_equal(out, [*m[at:], *[0] * (lanes - n)])
    function(m, 0, lanes + 1000, out)
    np.testing.assert_array_equal(out, m[:lanes])


CALLS = """
func.func private @twice(%x: i64) -> i64 {
  %y = arith.addi %x, %x : i64
  func.return %y : i64
}
func.func private @fill(%m: memref<4xi64>, %x: i64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %even = arith.constant 2 : index
    %r = arith.remui %i, %even : index
    %odd = arith.cmpi ne, %r, %c0 : index
    scf.if %odd {
      memref.store %x, %m[%i] : memref<4xi64>
    } else {
      %y = func.call @twice(%x) : (i64) -> i64
      memref.store %y, %m[%i] : memref<4xi64>
    }
  }
  func.return
}
func.func @f(%m: memref<2x4xi64>, %x: i64) -> i64 {
  %second = memref.subview %m[1, 0][1, 4][1, 1]
      : memref<2x4xi64> to memref<4xi64, strided<[1], offset: 4>>
  %row = "memref.cast"(%second) : (memref<4xi64, strided<[1], offset: 4>>) -> memref<4xi64>
  func.call @fill(%row, %x) : (memref<4xi64>, i64) -> ()
  %y = func.call @twice(%x) : (i64) -> i64
  func.return %y : i64
}
"""


def test_calls_between_functions() -> None:
    m = guarded(np.zeros((2, 4), np.int64))
    assert load(CALLS)(m, 21) == 42
    np.testing.assert_array_equal(m, [[0] * 4, [42, 21, 42, 21]])
    text = llvm_ir(CALLS, "host")
    assert 'define internal i64 @"twice"' in text
    assert 'define i64 @"f"' in text


@pytest.mark.parametrize("target", COMPILE)
def test_everything_compiles_for_every_target(target: str) -> None:
    for text in (generic_global(VIEWS), VECTORS, CALLS, floats(4), INTEGERS):
        assert assembly(text, target)


def test_loops_that_look_like_memset_stay_loops() -> None:
    text = """
func.func @f(%m: memref<4096xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 4096 : index
  %z = arith.constant 0 : i8
  scf.for %i = %c0 to %n step %c1 {
    memref.store %z, %m[%i] : memref<4096xi8>
  }
  func.return
}"""
    for target in ("znver5", "cortex-a53", "cortex-a7"):
        assert calls(assembly(text, target)) == []


def test_index_is_as_wide_as_the_target_says() -> None:
    text = "func.func @f(%i: index) -> index {\n  func.return %i : index\n}"
    assert "i32 @" in llvm_ir(text, "cortex-a7")
    assert "i64 @" in llvm_ir(text, "cortex-a53")
