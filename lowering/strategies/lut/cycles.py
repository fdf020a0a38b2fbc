"""Predicted cycles of kernels by tables of partial sums."""

from __future__ import annotations

from math import ceil

from lowbit_dialect.sums.lut import QUAD, TABLE_WORD
from lowering.kernels.contraction import Contraction
from lowering.kernels.cost_model import CHAINS, L2_BYTES, LOOP_CYCLES, step_cycles, stream_cycles
from lowering.strategies.lut.table_plan import TablePlan
from lowering.targets import Target

SPARE_REGISTERS = 11
"""Tables, entries and zeros that a loop of lookups keeps beside sums and indices."""

LONG_RUN = 12
"""Steps from which bytes are summed in a loop of their own."""

PASS_STEPS = 4
"""Steps of a pass of a loop of lookups."""

INDEX_STREAM = 1.5
"""How much longer indices take from beyond L2 than plain weights (measured)."""


def table_cycles(c: Contraction, plan: TablePlan, vectors: int) -> float:
    """Cycles of the reduction by table lookups, the tables built in between."""
    target, throughput = c.target, c.target.costs.throughput
    if plan.why_not is not None:
        return float("inf")
    sums, registers = plan.sums, ceil(vectors / 4)
    # A lookup and an addition; one or two operations whenever nibbles are full.
    full = 1 if target.shifts_bytes else 2
    operations = (
        1 + target.costs.lookup_steps + (full / sums.nibble_steps if plan.shared > 1 else 0)
    )
    nibbles = 1 / sums.nibble_steps if plan.shared > 1 else 0  # each is a shift
    lookup = throughput.lookups.mixed * throughput.together(1 + nibbles, operations - 1 - nibbles)
    tap_indices = plan.chunk_indices
    run = min(sums.byte_steps, tap_indices)
    for trips in (c.geometry.cols.taps, c.geometry.rows.taps):
        if run * trips <= sums.byte_steps and run >= min(tap_indices, run):
            run *= trips
    flushing = _flushing(target, plan.shared)
    flush = throughput.together(flushing / 3, 2 * flushing / 3) / run  # a third are shifts
    waits = _lookup_waits(target, plan, registers, run)
    steps = c.taps * plan.indices(plan.words) * len(sums.w_terms)
    per_tile = 8 + 12 * (plan.chunks - 1)
    loops = c.taps * plan.chunks * len(sums.w_terms) * 2 * LOOP_CYCLES
    lanes = registers * target.vector_bits // 8
    indices = steps // plan.chunks * lanes * c.blocks(lanes)
    is_streamed = c.rows == 1 or indices > target.costs.l1_bytes // 2
    least = registers / throughput.l2_vectors if is_streamed else 0.0
    # A single row uses each index once; lookups hide about half of the time that it takes to come.
    waiting = least / 2 if c.rows == 1 else 0.0
    size = steps * lanes * c.blocks(lanes)
    if c.rows == 1 and size > target.costs.l2_bytes:
        least = INDEX_STREAM * registers * stream_cycles(size, 8, target)
    table_misses = _table_misses(target, plan, indices // c.blocks(lanes))
    row = sum(
        count
        * (
            steps
            * max(
                least,
                waiting
                + _lookup_step(target, tile, registers, lookup + flush)
                + tile * table_misses
                + waits,
            )
            + loops
            + per_tile * plan.shared * tile * registers / throughput.vector
        )
        for count, tile in _halves_of_tiles(plan)
    )
    return c.rows * c.blocks(lanes) * row + _table_building(c, plan)


def _table_misses(target: Target, plan: TablePlan, block_bytes: int) -> float:
    """Cycles of a lookup of a pixel in which its table comes from L2, on an average.

    Tables and the indices of a block share L1, and what does not fit there is missing. Lookups hide
    half of the time that it takes to come.
    """
    used = plan.ring_bytes + block_bytes
    share = max(0.0, 1 - target.costs.l1_bytes / used)
    return share * plan.entries / L2_BYTES / 2


def _flushing(target: Target, shared: int) -> int:
    """Operations that add the bytes of `shared` pixels to pairs, once the pixels are apart.

    Where bytes are shifted that takes two of them, and pairs are shifted and added at once.
    """
    if target.shifts_bytes:
        return 2 if shared == 1 else 6
    return 3 if shared == 1 else 18


def _lookup_step(target: Target, pixels: int, registers: int, operation_cycles: float) -> float:
    """Cycles of a step of a tile of lookups: its loads are hidden, or take their turn."""
    turns = target.costs.throughput.lookups.load_turns
    if not turns:
        return step_cycles(target, pixels, registers, operation_cycles)
    loads = turns * (pixels + registers) / target.costs.throughput.loads
    return operation_cycles * max(pixels * registers, CHAINS // 2) + loads


def _lookup_waits(target: Target, plan: TablePlan, registers: int, run: int) -> float:
    """Cycles of a step that neither lookups nor loads take: loops in order, and spilled sums.

    Where bytes are full often, all sums are in the loop: those of bytes, and of pairs twice.
    """
    if not target.shifts_bytes:
        return 0.0
    throughput, tile = target.costs.throughput, plan.pixels * registers * plan.shared
    needed = 3 * tile + registers + SPARE_REGISTERS
    spilled = max(0, needed - target.vector_registers)
    times = 2 if run < LONG_RUN else 1  # before lookups, and after them
    moved = times * spilled * (1 / throughput.loads + 1 / throughput.stores) / run
    return moved + throughput.lookups.body / min(run, PASS_STEPS)


def _halves_of_tiles(plan: TablePlan) -> list[tuple[int, int]]:
    """(how many, pixels whose tables are looked up) of the tiles of a row."""
    wide = plan.pixels * plan.shared
    whole, rest = divmod(plan.geometry.cols.out, wide)
    tiles = [(whole, plan.pixels)]
    return [*tiles, (1, ceil(rest / plan.shared))] if rest else tiles


def _table_building(c: Contraction, plan: TablePlan) -> float:
    """Cycles of filling all tables: pairs of channels first, then two or three of them a table."""
    throughput, geometry, pairs = c.target.costs.throughput, c.geometry, plan.sums.bits // 2
    register = c.target.vector_bits // 8
    registers = ceil(TABLE_WORD / register)
    # Levels: a mask, a choice and an addition a plane. Two vectors of pairs, each of two shuffles.
    per_word = registers * (2 * plan.sums.x_planes * plan.shared + 6) / throughput.vector
    per_vector = max(1, min(register, 2 * QUAD) // plan.entries)
    loads = pairs if per_vector == 1 else 1
    per_table = max(
        (2 * pairs - 1) / throughput.vector,
        pairs / throughput.shuffle,
        loads / (throughput.narrow_loads if per_vector == 1 else throughput.loads)
        + 1 / throughput.loads,
        1 / throughput.stores,
    )
    rows, half = geometry.rows, plan.pixels * plan.tiles
    built_rows = min(rows.before + rows.extent + rows.after, rows.out * plan.ring)
    columns = ceil(geometry.cols.out / plan.strip) * plan.columns(half)
    pixel = plan.words * per_word + ceil(plan.indices(plan.words) / per_vector) * per_table
    pixels = geometry.batch * built_rows * columns * geometry.groups
    return pixels * pixel * throughput.lookups.building
