"""Programs of simd operations, which the tests compile and run."""

from itertools import product


def vectors(result: str, op: str, *operands: str, lanes: int) -> str:
    """A function that applies `op` to whole vectors and stores the result."""
    names = [f"%v{k}" for k in range(len(operands))]
    arguments = [f"%m{k}: memref<{lanes}x{type}>" for k, type in enumerate(operands)]
    loads = [
        f"  {name} = vector.load %m{k}[%c0] : memref<{lanes}x{type}>, vector<{lanes}x{type}>"
        for k, (name, type) in enumerate(zip(names, operands, strict=True))
    ]
    return "\n".join(
        [
            f"func.func @f({', '.join(arguments)}, %out: memref<{lanes}x{result}>) {{",
            "  %c0 = arith.constant 0 : index",
            *loads,
            f"  %r = {op}",
            f"  vector.store %r, %out[%c0] : memref<{lanes}x{result}>, vector<{lanes}x{result}>",
            "  func.return",
            "}",
        ]
    )


def popcounts() -> list[str]:
    return [
        vectors(
            type,
            f"simd.popcount_acc {form} %v0, %v1, %v2 : vector<{lanes}x{type}>",
            *(type, type, type),
            lanes=lanes,
        )
        for type, lanes in (
            ("i8", 64),
            ("i8", 16),
            ("i16", 16),
            ("i32", 16),
            ("i32", 4),
            ("i64", 8),
        )
        for form in ("and", "xor subtract")
    ]


def dots() -> list[str]:
    """Bytes of every kind, and bytes of a so small that no sum of two products leaves i16."""
    texts = []
    for type, lanes in (("i32", 16), ("i32", 8), ("i32", 4), ("i16", 32), ("i16", 16), ("i16", 8)):
        vector = f"vector<{lanes}x{type}>"
        for clause in ("", "unsigned_b "):
            op = f"simd.dot_acc {clause}%v0, %v1, %v2 : {vector}"
            texts.append(vectors(type, op, *(type, type, type), lanes=lanes))
        small = 0x0F0F0F0F if type == "i32" else 0x0F0F
        limited = (
            f"simd.dot_acc no_saturation %v0, %small, %v2 : {vector}",
            f"  %mask = arith.constant dense<{small}> : {vector}\n"
            f"  %small = arith.andi %v1, %mask : {vector}\n  %r = ",
        )
        text = vectors(type, limited[0], *(type, type, type), lanes=lanes)
        texts.append(text.replace("  %r = ", limited[1]))
    return texts


def multiplications() -> list[str]:
    """Lanes of twice the width and of the same, sums of any number rounded and shifted."""
    texts = []
    for narrow, lanes in (("i8", 8), ("i8", 16), ("i8", 64), ("i16", 8), ("i32", 4)):
        wide = f"i{2 * int(narrow[1:])}"
        for acc, sign in ((wide, "signed"), (wide, "unsigned"), (narrow, "signed")):
            op = (
                f"simd.mul_acc {sign} %v0, %v1, %v2 :"
                f" vector<{lanes}x{narrow}> to vector<{lanes}x{acc}>"
            )
            texts.append(vectors(acc, op, acc, narrow, narrow, lanes=lanes))
    for type, lanes, bits in (("i8", 16, 3), ("i16", 8, 8), ("i16", 32, 15), ("i32", 4, 1)):
        op = f"simd.round_shift_acc %v0, %v1 by {bits} : vector<{lanes}x{type}>"
        texts.append(vectors(type, op, type, type, lanes=lanes))
    return texts


def lookups() -> list[str]:
    """Indices of every kind, and masked ones, which are in range."""
    texts = []
    for entries, lanes in product((16, 32, 64), (8, 16, 32, 64)):
        types = f"vector<{entries}xi8>, vector<{lanes}xi8>"
        mask = f"%mask = arith.constant dense<{entries - 1}> : vector<{lanes}xi8>"
        for lookup in (
            f"%r = simd.lookup %t, %i : {types}",
            f"{mask}\n  %j = arith.andi %i, %mask : vector<{lanes}xi8>\n"
            f"  %r = simd.lookup in_range %t, %j : {types}",
        ):
            texts.append(
                f"""
func.func @f(%m0: memref<{entries}xi8>, %m1: memref<{lanes}xi8>, %out: memref<{lanes}xi8>) {{
  %c0 = arith.constant 0 : index
  %t = vector.load %m0[%c0] : memref<{entries}xi8>, vector<{entries}xi8>
  %i = vector.load %m1[%c0] : memref<{lanes}xi8>, vector<{lanes}xi8>
  {lookup}
  vector.store %r, %out[%c0] : memref<{lanes}xi8>, vector<{lanes}xi8>
  func.return
}}"""
            )
    return texts


def casts() -> list[str]:
    pairs = [("i8", "i16"), ("i8", "i32"), ("i16", "i64"), ("i32", "i64"), ("i16", "i32")]
    texts = []
    for narrow, wide in pairs:
        for name, a, b in (
            ("extui", narrow, wide),
            ("extsi", narrow, wide),
            ("trunci", wide, narrow),
        ):
            op = f"simd.{name} %v0 : vector<16x{a}> to vector<16x{b}>"
            texts.append(vectors(b, op, a, lanes=16))
    for type in ("i8", "i16", "i32"):
        op = f"simd.sitofp %v0 : vector<8x{type}> to vector<8xf32>"
        texts.append(vectors("f32", op, type, lanes=8))
    return texts


def narrowings() -> list[str]:
    """Numbers of which many, some and none are clipped; the last ones may not be."""
    shapes = (("i16", 32), ("i16", 16), ("i16", 8), ("i32", 16), ("i32", 8), ("i32", 4), ("i64", 4))
    texts = []
    for type, lanes in shapes:
        half = int(type[1:]) // 2
        for shift, clause in ((0, ""), (half - 2, ""), (half, "no_saturation ")):
            wide, narrow = f"{lanes}x{type}", f"{2 * lanes}xi{half}"
            texts.append(
                f"""
func.func @f(%m0: memref<{wide}>, %m1: memref<{wide}>, %out: memref<{narrow}>) {{
  %c0 = arith.constant 0 : index
  %v0 = vector.load %m0[%c0] : memref<{wide}>, vector<{wide}>
  %v1 = vector.load %m1[%c0] : memref<{wide}>, vector<{wide}>
  %s = arith.constant dense<{shift}> : vector<{wide}>
  %a = arith.shrsi %v0, %s : vector<{wide}>
  %b = arith.shrsi %v1, %s : vector<{wide}>
  %r = simd.narrow {clause}%a, %b : vector<{wide}> to vector<{narrow}>
  vector.store %r, %out[%c0] : memref<{narrow}>, vector<{narrow}>
  func.return
}}"""
            )
    return texts


def comparisons() -> list[str]:
    texts = []
    for predicate in ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"):
        type = "i8" if predicate.startswith("u") else "i32"
        texts.append(
            f"""
func.func @f(%m0: memref<16x{type}>, %m1: memref<16x{type}>, %out: memref<16x{type}>) {{
  %c0 = arith.constant 0 : index
  %v0 = vector.load %m0[%c0] : memref<16x{type}>, vector<16x{type}>
  %v1 = vector.load %m1[%c0] : memref<16x{type}>, vector<16x{type}>
  %mask = simd.cmpi {predicate}, %v0, %v1 : vector<16x{type}> to vector<16xi1>
  %s = simd.select %mask, %v1, %v0 : vector<16xi1>, vector<16x{type}>
  %n = simd.extsi %mask : vector<16xi1> to vector<16x{type}>
  %r = simd.popcount_acc and %s, %n, %n : vector<16x{type}>
  vector.store %r, %out[%c0] : memref<16x{type}>, vector<16x{type}>
  func.return
}}"""
        )
    return texts


def float_comparisons() -> list[str]:
    """Numbers, infinities (where a product overflows) and NaN (infinity times 0), compared."""
    return [
        f"""
func.func @f(%m0: memref<16xf32>, %m1: memref<16xf32>, %out: memref<16xf32>) {{
  %c0 = arith.constant 0 : index
  %large = arith.constant dense<3.0e+35> : vector<16xf32>
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %v0 = vector.load %m0[%c0] : memref<16xf32>, vector<16xf32>
  %v1 = vector.load %m1[%c0] : memref<16xf32>, vector<16xf32>
  %p0 = arith.mulf %v0, %large : vector<16xf32>
  %p1 = arith.mulf %v1, %zero : vector<16xf32>
  %p2 = arith.mulf %p0, %p1 : vector<16xf32>
  %mask = simd.cmpf {predicate}, %p0, {other} : vector<16xf32> to vector<16xi1>
  %r = simd.select %mask, %v1, %v0 : vector<16xi1>, vector<16xf32>
  vector.store %r, %out[%c0] : memref<16xf32>, vector<16xf32>
  func.return
}}"""
        for predicate in ("oeq", "ogt", "oge", "olt", "ole", "une", "uno")
        for other in ("%p1", "%p0", "%p2")
    ]


def words() -> list[str]:
    """Masks to words and back, and sums, which leave a scalar."""
    texts = []
    for lanes in (8, 16, 32, 64):
        for type in ("i8", "i32"):
            vector = f"vector<{lanes}x{type}>"
            texts.append(
                f"""
func.func @f(%m0: memref<{lanes}x{type}>, %m1: memref<{lanes}x{type}>, %out: memref<1xi{lanes}>) {{
  %c0 = arith.constant 0 : index
  %v0 = vector.load %m0[%c0] : memref<{lanes}x{type}>, {vector}
  %v1 = vector.load %m1[%c0] : memref<{lanes}x{type}>, {vector}
  %mask = simd.cmpi slt, %v0, %v1 : {vector} to vector<{lanes}xi1>
  %r = simd.pack_bits %mask : vector<{lanes}xi1> to i{lanes}
  memref.store %r, %out[%c0] : memref<1xi{lanes}>
  func.return
}}"""
            )
        texts.append(
            f"""
func.func @f(%m0: memref<1xi{lanes}>, %out: memref<{lanes}xi8>) {{
  %c0 = arith.constant 0 : index
  %w = memref.load %m0[%c0] : memref<1xi{lanes}>
  %mask = simd.unpack_bits %w : i{lanes} to vector<{lanes}xi1>
  %r = simd.extui %mask : vector<{lanes}xi1> to vector<{lanes}xi8>
  vector.store %r, %out[%c0] : memref<{lanes}xi8>, vector<{lanes}xi8>
  func.return
}}"""
        )
    for type, lanes in (("i8", 16), ("i16", 8), ("i32", 16), ("i64", 8), ("i8", 64)):
        texts.append(
            f"""
func.func @f(%m0: memref<{lanes}x{type}>, %out: memref<1x{type}>) {{
  %c0 = arith.constant 0 : index
  %v0 = vector.load %m0[%c0] : memref<{lanes}x{type}>, vector<{lanes}x{type}>
  %r = simd.reduce_add %v0 : vector<{lanes}x{type}> to {type}
  memref.store %r, %out[%c0] : memref<1x{type}>
  func.return
}}"""
        )
    return texts


PACKED = [(lanes, count) for lanes in (8, 16, 32, 64) for count in (1, 2, 4, 8)]
"""Lanes of a mask, and masks that are packed together."""


def packed_together() -> list[str]:
    """Masks of every length, as many as fill a part of a register, a register and more."""
    texts = []
    for lanes, count in (
        (8, 2),
        (8, 4),
        (8, 8),
        (8, 16),
        (16, 2),
        (16, 4),
        (16, 8),
        (32, 4),
        (64, 2),
    ):
        for type in ("i8", "i16", "i32"):
            vector = f"vector<{lanes}x{type}>"
            memories = ", ".join(f"%m{k}: memref<{lanes}x{type}>" for k in range(count + 1))
            loads = "\n".join(
                f"  %v{k} = vector.load %m{k}[%c0] : memref<{lanes}x{type}>, {vector}"
                for k in range(count + 1)
            )
            masks = "\n".join(
                f"  %p{k} = simd.cmpi slt, %v{k}, %v{count} : {vector} to vector<{lanes}xi1>"
                for k in range(count)
            )
            if count == 1:  # see `words`
                continue
            names = ", ".join(f"%p{k}" for k in range(count))
            texts.append(
                f"""
func.func @f({memories}, %out: memref<{count}xi{lanes}>) {{
  %c0 = arith.constant 0 : index
{loads}
{masks}
  %r = simd.pack_masks {names} : vector<{lanes}xi1> to vector<{count}xi{lanes}>
  vector.store %r, %out[%c0] : memref<{count}xi{lanes}>, vector<{count}xi{lanes}>
  func.return
}}"""
            )
    return texts


BROADCASTS = [
    f"""
func.func @f(%m: memref<3x5x{type}>, %out: memref<{lanes}x{type}>) {{
  %c0 = arith.constant 0 : index
  %i = arith.constant 2 : index
  %j = arith.constant 4 : index
  %r = simd.broadcast_load %m[%i, %j] : memref<3x5x{type}> to vector<{lanes}x{type}>
  vector.store %r, %out[%c0] : memref<{lanes}x{type}>, vector<{lanes}x{type}>
  func.return
}}"""
    for type, lanes in (("i8", 64), ("i16", 32), ("i32", 16), ("i64", 8), ("f32", 4))
]


FPTOSI = vectors("i32", "simd.fptosi %v0 : vector<8xf32> to vector<8xi32>", "f32", lanes=8)


FLOOR = """
func.func @f(%m0: memref<8xf32>, %out: memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %v0 = vector.load %m0[%c0] : memref<8xf32>, vector<8xf32>
  %small = arith.constant dense<1.0e-8> : vector<8xf32>
  %v = arith.mulf %v0, %small : vector<8xf32>
  %r = simd.fptosi floor %v : vector<8xf32> to vector<8xi32>
  vector.store %r, %out[%c0] : memref<8xi32>, vector<8xi32>
  func.return
}"""


SATURATING = [
    vectors(type, f"simd.add_sat %v0, %v1 : vector<{lanes}x{type}>", type, type, lanes=lanes)
    for type, lanes in (("i8", 16), ("i16", 8), ("i32", 4), ("i32", 16), ("i64", 4))
]


PROGRAMS = [
    *popcounts(),
    *dots(),
    *multiplications(),
    *lookups(),
    *casts(),
    *narrowings(),
    *comparisons(),
    *float_comparisons(),
    *words(),
    *packed_together(),
    *BROADCASTS,
    FPTOSI,
    FLOOR,
    *SATURATING,
]
