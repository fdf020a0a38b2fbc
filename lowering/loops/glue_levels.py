"""The lowering of each form of `lowbit.fused_glue`."""

from __future__ import annotations

from lowbit_dialect.extensions import note_shipped
from lowering.loops.levels import Levels, ShiftLevels, ThresholdLevels
from lowering.loops.scale_levels import ScaleLevels

GLUE_LEVELS: dict[str, type[Levels]] = {
    "shift": ShiftLevels,
    "threshold": ThresholdLevels,
    "scale": ScaleLevels,
}
"""The class of each form of `lowbit.fused_glue`."""
note_shipped(GLUE_LEVELS)
