"""The conversion to LLVM, run on the host and compared with numpy; compiled for everything."""

import re

import numpy as np
import pytest
from xdsl.utils.exceptions import PassFailedException

from tests.backend.harness import COMPILE, RUN, assembly, calls, llvm_ir, load, to_llvm
from tests.guard import guarded, misaligned

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


@pytest.mark.parametrize("target", COMPILE)
@pytest.mark.parametrize("lanes", [1, 4])
def test_floats_need_no_libm(target: str, lanes: int) -> None:
    """Except fma, which baseline x86-64 and the Cortex-A9 do not have."""
    text = "\n".join(line for line in floats(lanes).splitlines() if "%r13" not in line)
    assert calls(assembly(text, target)) == []


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


WRONG = {
    "dynamic shape": (
        "func.func @f(%m: memref<?xi32>) {\n  func.return\n}",
        "'func.func': memref<?xi32> has a dynamic shape",
    ),
    "tensor": (
        "func.func @f(%m: tensor<4xi32>) {\n  func.return\n}",
        "no value of type tensor<4xi32> can be lowered",
    ),
    "bits in memory": (
        "func.func @f(%m: memref<8xi1>) {\n  func.return\n}",
        "elements that are not whole bytes",
    ),
    "two results": (
        "func.func @f(%a: i32) -> (i32, i32) {\n  func.return %a, %a : i32, i32\n}",
        "returns 2 values",
    ),
    "compared vectors": (
        "func.func @f(%a: vector<4xi32>) -> i1 {\n"
        "  %x = arith.cmpi eq, %a, %a : vector<4xi32>\n  func.return %x : i1\n}",
        "'arith.cmpi': it makes a single i1 of vectors",
    ),
    "vector of rank 2": (
        "func.func @f(%a: vector<4x4xi32>) {\n  func.return\n}",
        "LLVM has no vector<4x4xi32>",
    ),
    "no conversion": (
        "func.func @f(%a: index) -> index {\n"
        "  %b = arith.floordivsi %a, %a : index\n  func.return %b : index\n}",
        "'arith.floordivsi': nothing lowers it to level llvm",
    ),
    "stride": (
        "func.func @f(%m: memref<4x4xi32, strided<[8, 2]>>, %i: index) {\n"
        "  %v = vector.load %m[%i, %i] : memref<4x4xi32, strided<[8, 2]>>, vector<4xi32>\n"
        "  func.return\n}",
        "an innermost stride of 1",
    ),
    "allocation": (
        "func.func @f() {\n  %m = memref.alloc() : memref<4xi32>\n  func.return\n}",
        "'memref.alloc': nothing lowers it to level llvm",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_converted_is_named(what: str) -> None:
    text, message = WRONG[what]
    with pytest.raises(PassFailedException) as raised:
        to_llvm(text, "host")
    assert message in str(raised.value)
