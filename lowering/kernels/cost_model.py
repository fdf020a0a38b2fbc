"""Cycles of a kernel by its instruction counts and the target's throughput: no measuring.

A register tile is a number of accumulators (pixels times vectors) that a reduction step updates
once. A step costs the vector operations of all of them over what the units start in a cycle, or its
loads over what the load ports take, whichever is more. What comes on top of the steps: doing
nothing useful in lanes without a channel, the shorter last tile of a row, loops, tables, and the
epilogue. What the strategies share is here; the reduction of each is in its folder.
"""

from __future__ import annotations

from math import ceil

from lowbit_dialect.geometry import ConvGeometry
from lowering.kernels.contraction import Contraction
from lowering.targets import Target

CHAINS = 4
"""Accumulators below which a tile waits for the additions that prolong their chains."""

LOOP_CYCLES = 1.0
"""What a pass through a loop costs beside its body."""

L2_BYTES, MEMORY_BYTES = 48, 26
"""Bytes that a core streams in a cycle from L2, and from beyond; for estimates."""

EPILOGUE_CYCLES = 0.35
"""Cycles of the epilogue for a vector of sums and a level of the result."""

ALONE = 2
"""How many times that where a block has no two vectors of sums that narrower lanes could join."""

MAX_LEVELS = 16
"""Levels beyond which results are not compared with thresholds one by one."""


def step_cycles(target: Target, pixels: int, vectors: int, operation_cycles: float) -> float:
    """Cycles of a reduction step of a tile."""
    loads = (pixels + vectors) / target.costs.throughput.loads
    return max(operation_cycles * max(pixels * vectors, CHAINS), loads)


def row_of_tiles(geometry: ConvGeometry, pixels: int) -> list[tuple[int, int]]:
    """(how many, pixels) of the tiles of a row."""
    whole, rest = divmod(geometry.cols.out, pixels)
    return [(whole, pixels), (1, rest)] if rest else [(whole, pixels)]


def stream_cycles(size: int, bits: int, target: Target) -> float:
    """Cycles in which weights of `size` bytes bring `bits` of the bytes of a vector."""
    if size <= target.costs.l1_bytes // 2:
        return bits / 8 / target.costs.throughput.loads
    rate = L2_BYTES if size <= target.costs.l2_bytes else MEMORY_BYTES
    return bits / 8 * target.vector_bits / 8 / rate


def epilogue_cycles(c: Contraction, vectors: int) -> float:
    """Cycles of the epilogue of all tiles.

    The result is taken to have as many levels as x, as between layers of a network.
    """
    lanes = c.target.vector_bits // 32
    outputs = c.rows * c.geometry.cols.out * ceil(c.geometry.oc / lanes)
    levels = min(1 << c.x.width, MAX_LEVELS)
    is_alone = vectors % 2 == 1 and c.out_channels > lanes
    return EPILOGUE_CYCLES * levels * outputs * (ALONE if is_alone else 1)
