"""What the fields of `#lowbit.packed` have to say to agree with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.layouts.packed_syntax import BYTES, LEVEL_BITS, PLANE, WORD_BITS

if TYPE_CHECKING:
    from lowbit_dialect.layouts.packed import PackedAttr


def check_packed(layout: PackedAttr) -> None:
    """Check everything of a layout that can be checked without a shape.

    Raises:
        VerifyException: what is wrong, and what is allowed.
    """
    order = [d.data for d in layout.order]
    if layout.bytes.data not in BYTES:
        raise VerifyException(
            f"#lowbit.packed: bytes = {layout.bytes.data}: {', '.join(BYTES[1:-1])} and"
            f" {BYTES[-1]} are allowed"
        )
    if layout.bits.data not in LEVEL_BITS:
        raise VerifyException(
            f"#lowbit.packed: bits = {layout.bits.data}: 1, 2, 4 and 8 are allowed"
        )
    if layout.bits.data != 8 and layout.bytes.data != "levels":
        raise VerifyException(
            f"#lowbit.packed: bits = {layout.bits.data}: only levels take less than a byte"
        )
    whole_levels = layout.bytes.data == "levels" and layout.bits.data == 8
    if layout.shift.data and not (whole_levels and 0 < layout.shift.data < 8):
        raise VerifyException(
            f"#lowbit.packed: shift = {layout.shift.data}: levels of 8 bits may be shifted by 1"
            " to 7 bits"
        )
    first = 0 if layout.bytes.data else PLANE
    rank = len(order) + first
    if layout.word_bits.data not in WORD_BITS:
        raise VerifyException(
            f"#lowbit.packed: word of {layout.word_bits.data} bits: 8, 16, 32, 64 are allowed"
        )
    if not order or sorted(order) != list(range(first, rank)):
        planes = "" if layout.bytes.data else "p and "
        raise VerifyException(
            f"#lowbit.packed: order must name {planes}each of the {max(rank, 0)} dimensions once"
        )
    if not 0 <= layout.axis.data < rank:
        raise VerifyException(
            f"#lowbit.packed: axis {layout.axis.data} is not one of the {rank} dimensions"
        )
    if layout.groups.data < 1:
        raise VerifyException(f"#lowbit.packed: groups = {layout.groups.data} is not positive")
    _check_lanes(layout, rank)
    _check_frame(layout, rank)
    _check_index(layout)


def _check_index(layout: PackedAttr) -> None:
    if not len(layout.index):
        return
    if len(layout.index) != 2 or layout.bytes.data or not len(layout.lanes):
        raise VerifyException(
            "#lowbit.packed: index is [bits, register], for words of bits in lanes"
        )
    (bits, register), lanes = layout.index_shape, layout.lane_block[1]
    if not 1 <= bits <= 8 or register < 4 or register % 4 or lanes % register:
        raise VerifyException(
            f"#lowbit.packed: index = [{bits}, {register}] needs 1 to 8 bits, and a register of"
            f" a multiple of 4 bytes that divides the {lanes} lanes"
        )


def _check_lanes(layout: PackedAttr, rank: int) -> None:
    if not len(layout.lanes):
        return
    if len(layout.lanes) != 2:
        raise VerifyException("#lowbit.packed: lanes is [dimension, count]")
    dim, count = layout.lane_block
    if not 0 <= dim < rank or dim == layout.axis.data or count < 1:
        raise VerifyException(
            f"#lowbit.packed: lanes = [{dim}, {count}] needs a dimension below {rank} other"
            f" than the packed axis {layout.axis.data}, and a positive count"
        )


def _check_frame(layout: PackedAttr, rank: int) -> None:
    frame = [f.data for f in layout.frame]
    if not frame:
        return
    if len(frame) != 2 * rank or min(frame) < 0:
        raise VerifyException(
            f"#lowbit.packed: frame needs {2 * rank} numbers >= 0, two a dimension, got {frame}"
        )
    for dim in {layout.axis.data, *([layout.lane_block[0]] if len(layout.lanes) else [])}:
        if frame[2 * dim] or frame[2 * dim + 1]:
            raise VerifyException(
                f"#lowbit.packed: dimension {dim} is packed or split in lanes,"
                " it cannot have a frame"
            )
