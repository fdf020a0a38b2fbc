"""How the weights of a dot kernel lie in memory, and how a tile makes bytes of them.

Bytes are what the products take, but eight times what 1-bit weights need. Where they come from
beyond L2, or are read for a pixel or two only, the core waits for them; levels of few bits come
faster than they are multiplied, and making bytes of them hides behind the products of a tile of
three pixels or more.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from lowbit_dialect.codes import Code
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.layouts.packed_syntax import LEVEL_BITS
from lowbit_dialect.sums.dot import BYTES_PER_WORD, DotSums
from lowbit_dialect.sums.level_fields import LevelFields, full_exponent
from lowering.kernels.cost_model import stream_cycles
from lowering.strategies.dot.dot_words import dot_words
from lowering.targets import Target

MIN_I16_STEPS = 8
"""Words to be summed in i16 between two widenings for that to pay."""
WIDENING_OPERATIONS = 5
"""What adds a vector of i16 sums to i32 ones."""
GAIN = 0.95
"""The part of the cycles that smaller weights may take at most to pay for their longer code."""


def i16_steps(product: DotSums, target: Target) -> int:
    """How many words a kernel sums in i16 lanes before it widens them; 0 for none."""
    steps = product.i16_steps
    return steps if target.costs.dot.i16_lanes and steps >= MIN_I16_STEPS else 0


def dot_cycles_of_vector(product: DotSums, target: Target) -> float:
    """Cycles of the products of a word of x and a vector of words of w."""
    form = target.costs.dot
    operations = form.operations
    if i16_steps(product, target):
        operations = form.i16_operations
    elif product.i16_steps == 0:
        operations = form.wide_operations
    return operations / form.rate


def least_bits(product: DotSums, codes: tuple[Code, Code], target: Target) -> int:
    """The least number of bits that a weight can take in memory."""
    words = dot_words(codes, target)
    if words.size < BYTES_PER_WORD or words.holds == "levels":
        return 8
    return next(bits for bits in LEVEL_BITS if bits >= product.w.width)


def weight_bits(
    product: DotSums, geometry: ConvGeometry, tile: tuple[int, int], target: Target
) -> int:
    """Bits that a weight takes in memory, 8 or the least number that holds its levels.

    `tile` is (pixels, vectors) of the register tile.
    """
    bits = least_bits(product, (product.x, product.w), target)
    tile = (min(tile[0], geometry.cols.out), tile[1])
    if bits == 8 or not any(safe_forms(product, bits, geometry, tile, target)):
        return 8
    of_bytes = vector_cycles(product, 8, geometry, tile, target)
    of_levels = vector_cycles(product, bits, geometry, tile, target)
    is_far = geometry.taps * geometry.oc > target.costs.l2_bytes
    return bits if of_levels <= of_bytes * (1 if is_far else GAIN) else 8


def vector_cycles(
    product: DotSums,
    bits: int,
    geometry: ConvGeometry,
    tile: tuple[int, int],
    target: Target,
) -> float:
    """Cycles of a tile for each word of x of its pixels and each vector of weights of `bits`."""
    pixels, _ = tile
    # Every tile of a row, and every row, reads the block again, from L1.
    reads = geometry.batch * geometry.rows.out * ceil(geometry.cols.out / pixels)
    stream = stream_cycles(geometry.taps * geometry.oc * bits // 8, bits, target) / reads
    cycles = pixels * dot_cycles_of_vector(product, target)
    if bits < 8:
        fields = level_fields(product, bits, geometry, tile, target)
        cycles += _exposed(_operations(product, fields, target), cycles, target)
    return max(cycles, stream)


def _exposed(operations: float, products: float, target: Target) -> float:
    """Cycles of the operations that do not hide behind `products` cycles of products.

    Products that are one instruction keep some of the vector units busy, others all of them.
    """
    form, units = target.costs.dot, target.costs.throughput.vector
    spare = max(0.0, units - form.rate) if form.operations == 1 else 0.0
    return max(0.0, operations - spare * products) / units


def level_fields(
    product: DotSums,
    bits: int,
    geometry: ConvGeometry,
    tile: tuple[int, int],
    target: Target,
) -> LevelFields:
    """How a tile of (pixels, vectors) makes bytes of levels: with the least operations."""
    forms = safe_forms(product, bits, geometry, tile, target)
    plain = LevelFields(product.w, bits)
    if bits == 8:
        return plain
    return min(forms, key=lambda fields: _operations(product, fields, target), default=plain)


def safe_forms(
    product: DotSums,
    bits: int,
    geometry: ConvGeometry,
    tile: tuple[int, int],
    target: Target,
) -> Iterator[LevelFields]:
    """The forms whose sums stay in i32 and whose accumulators stay in registers.

    Scaled values first, then values, then levels in any number of places of a byte.
    """
    plain = LevelFields(product.w, bits)
    forms = [LevelFields(product.w, bits, full_exponent(product.w, bits)), plain]
    places = 1
    while bits * places <= 4:
        forms.append(LevelFields(product.w, bits, 0, places))
        places *= 2
    for fields in forms:
        fits = field_registers(fields, tile) <= target.vector_registers
        if fits and product.of_fields(fields).why_not(geometry) is None:
            yield fields


def field_registers(fields: LevelFields, tile: tuple[int, int]) -> int:
    """Accumulators of each place, a word of each vector and its bytes, a word of x, and masks."""
    (pixels, vectors), places = tile, max(1, fields.places)
    return pixels * vectors * places + 2 * vectors + places + 2


def _operations(product: DotSums, fields: LevelFields, target: Target) -> float:
    """Operations that make a vector of bytes and widen its products, on top of the product."""
    operations = fields.shifts + 1
    if not fields.places and fields.lowest and not fields.is_exclusive_or:
        operations += 1
    form = target.costs.dot
    if form.i16_lanes:
        steps = i16_steps(product.of_fields(fields), target)
        operations += WIDENING_OPERATIONS / steps if steps else form.operations
    return operations
