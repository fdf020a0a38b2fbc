"""How the weights of a dot kernel lie in memory, and how a tile makes bytes of them."""

from __future__ import annotations

from collections.abc import Iterator

import os
from lowbit_dialect.codes import AffineCode
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.layout import LEVEL_BITS
from lowbit_dialect.level_fields import LevelFields, full_exponent
from lowbit_dialect.level_product import LevelProduct
from lowbit_dialect.schedule import ScheduleAttr
from lowering.kernels.strategy import i16_steps
from lowering.targets import Target

WIDENING_OPERATIONS = 5
"""What adds a vector of i16 sums to i32 ones."""


def weight_bits(
    w: AffineCode, geometry: ConvGeometry, schedule: ScheduleAttr, target: Target
) -> int:
    if os.environ.get("LB_BYTES"):
        return 8
    return next(bits for bits in LEVEL_BITS if bits >= w.width)


def level_fields(
    product: LevelProduct,
    bits: int,
    geometry: ConvGeometry,
    tile: tuple[int, int],
    target: Target,
) -> LevelFields:
    """How a tile of (pixels, vectors) makes bytes of levels: with the least operations.

    All sums stay within i32, and the accumulators within the target's registers.
    """
    plain = LevelFields(product.w, bits)
    if bits == 8:
        return plain

    def is_safe(fields: LevelFields) -> bool:
        scaled = _product(product, fields)
        return scaled.obstacle(geometry) is None and _registers(fields, tile) <= (
            target.vector_registers
        )

    safe = [fields for fields in _forms(plain) if is_safe(fields)]
    if os.environ.get("LB_NOPLACE"):
        safe = [s for s in safe if not s.places]
    return min(safe, key=lambda fields: _operations(product, fields, target), default=plain)


def _forms(plain: LevelFields) -> Iterator[LevelFields]:
    """Scaled values first, values, and levels in any number of places of a byte."""
    yield LevelFields(plain.w, plain.bits, full_exponent(plain.w, plain.bits))
    yield plain
    places = 1
    while plain.bits * places <= 4:
        yield LevelFields(plain.w, plain.bits, 0, places)
        places *= 2


def _product(product: LevelProduct, fields: LevelFields) -> LevelProduct:
    return LevelProduct(product.x, product.w, fields.exponent, fields.highest_level_byte)


def _registers(fields: LevelFields, tile: tuple[int, int]) -> int:
    """Accumulators of each place, a word of each vector and its bytes, a word of x, and masks."""
    (pixels, vectors), places = tile, max(1, fields.places)
    return pixels * vectors * places + 2 * vectors + places + 2


def _operations(product: LevelProduct, fields: LevelFields, target: Target) -> float:
    """Operations that make a vector of bytes and widen its products, on top of the product."""
    operations = fields.shifts + 1
    if not fields.places and fields.lowest and not fields.is_exclusive_or:
        operations += 1
    if target.dot_form.i16_lanes:
        form, steps = target.dot_form, i16_steps(_product(product, fields), target)
        operations += WIDENING_OPERATIONS / steps if steps else form.operations
    return operations
