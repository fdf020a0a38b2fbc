"""The lowering of each form of `lowbit.fused_glue`."""

from __future__ import annotations

from lowbit_dialect.extensions import note_shipped
from lowering.loops.epilogue.levels import Levels, ShiftLevels, ThresholdLevels
from lowering.loops.epilogue.scale_levels import ScaleLevels

GLUE_LEVELS: dict[str, type[Levels]] = {
    "shift": ShiftLevels,
    "threshold": ThresholdLevels,
    "scale": ScaleLevels,
}
"""The class of each form of `lowbit.fused_glue`."""
note_shipped(GLUE_LEVELS)
