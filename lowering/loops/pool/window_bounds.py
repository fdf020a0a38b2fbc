"""Which elements of an image a window holds."""

from __future__ import annotations

from xdsl.dialects import arith

from lowbit_dialect.geometry import Window
from lowering.loops.emit import Emit, Index


def on_image(emit: Emit, window: Window, position: Index) -> tuple[Index, Index]:
    """The elements of the image from the first to behind the last of a window."""
    low = emit.sub(emit.mul(position, window.stride), window.before)
    high = emit.add(low, window.taps)
    if isinstance(low, int) and isinstance(high, int):
        return max(low, 0), min(high, window.extent)
    if window.before:
        low = emit.op(arith.MaxSIOp(emit.value(low), emit.constant(0)))
    if window.is_padded:
        high = emit.op(arith.MinSIOp(emit.value(high), emit.constant(window.extent)))
    return low, high
