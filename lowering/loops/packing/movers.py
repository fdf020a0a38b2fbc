"""What moves words of several elements that are whole numbers."""

from __future__ import annotations

from lowbit_dialect.layout import PackedAttr
from lowering.loops.packing.digit_stages import DigitMover
from lowering.loops.packing.level_stages import LevelMover
from lowering.loops.packing.word_stages import WordMover


def word_mover(layout: PackedAttr) -> type[WordMover] | None:
    """What moves words of several elements that are whole numbers, if such are in the layout."""
    if layout.bits.data < 8:
        return LevelMover
    return DigitMover if layout.bytes.data == "digits" else None
