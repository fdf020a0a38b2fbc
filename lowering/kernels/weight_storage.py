"""How the weights of a dot kernel lie in memory: as bytes, or as levels of fewer bits."""

from __future__ import annotations

import os

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.layout import LEVEL_BITS
from lowbit_dialect.level_fields import LevelFields, full_exponent
from lowbit_dialect.level_product import LevelProduct
from lowbit_dialect.schedule import ScheduleAttr
from lowering.targets import Target


def weight_bits(
    w: AffineCode, geometry: ConvGeometry, schedule: ScheduleAttr, target: Target
) -> int:
    if os.environ.get("LB_BYTES"):
        return 8
    return next(bits for bits in LEVEL_BITS if bits >= w.width)


def weight_form(
    product: LevelProduct,
    bits: int,
    geometry: ConvGeometry,
    pixels: int,
    vectors: int,
    target: Target,
) -> tuple[int, int]:
    """How a tile makes bytes of levels (`level_fields`): the exponent, and 1 for those in place.

    Scaled bytes are the cheapest to make, but leave no room to sum products in i16.
    """
    if bits == 8 or target.dot_form.i16_lanes:
        return 0, 0
    fields = LevelFields(product.w, bits)
    # Sums of each place, a word of each vector and its half, masks.
    registers = (pixels * vectors + 1) * fields.places + 2 * vectors + 2
    in_place = LevelProduct(product.x, product.w, 0, fields.highest_in_place)
    if (
        fields.places > 1
        and registers <= target.vector_registers
        and in_place.obstacle(geometry) is None
    ):
        return 0, 1
    exponent = full_exponent(product.w, bits)
    scaled = LevelProduct(product.x, product.w, exponent)
    return (exponent if scaled.obstacle(geometry) is None else 0), 0
