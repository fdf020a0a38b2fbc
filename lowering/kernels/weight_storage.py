"""How the weights of a dot kernel lie in memory: as bytes, or as levels of fewer bits."""

from __future__ import annotations

import os

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.layout import LEVEL_BITS
from lowbit_dialect.level_fields import full_exponent
from lowbit_dialect.level_product import LevelProduct
from lowbit_dialect.schedule import ScheduleAttr
from lowering.targets import Target


def weight_bits(
    w: AffineCode, geometry: ConvGeometry, schedule: ScheduleAttr, target: Target
) -> int:
    if os.environ.get("LB_BYTES"):
        return 8
    return next(bits for bits in LEVEL_BITS if bits >= w.width)


def weight_exponent(
    product: LevelProduct, bits: int, geometry: ConvGeometry, target: Target
) -> int:
    """The power of two that a kernel scales the bytes of its weights by (`level_fields`).

    Scaled bytes are the cheapest to make, but leave no room to sum products in i16.
    """
    if bits == 8 or target.dot_form.i16_lanes:
        return 0
    exponent = full_exponent(product.w, bits)
    scaled = LevelProduct(product.x, product.w, exponent)
    return exponent if scaled.obstacle(geometry) is None else 0
