"""Cycles of a kernel by its instruction counts and the target's throughput: no measuring.

A register tile is a number of accumulators (pixels times vectors) that a reduction step updates
once. A step costs the vector operations of all of them over what the units start in a cycle, or its
loads over what the load ports take, whichever is more. What comes on top of the steps: doing
nothing useful in lanes without a channel, the shorter last tile of a row, loops, tables, and the
epilogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from lowbit_dialect.codes import Code, affine
from lowbit_dialect.decomposition import decompose
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.level_product import BYTES_PER_WORD, LevelProduct
from lowbit_dialect.product_table import ProductTable
from lowbit_dialect.table_sums import QUAD, TABLE_WORD
from lowering.kernels.dot_words import dot_words
from lowering.kernels.narrow_dot_cost import narrow_step_cycles, run_words
from lowering.kernels.skipped_share import default_skip, executed_share
from lowering.kernels.table_plan import TablePlan, plan_tables
from lowering.kernels.weight_storage import step_cycles, stream_cycles, weight_bits
from lowering.targets import Target

CHAINS = 4
"""Accumulators below which a tile waits for the additions that prolong their chains."""

SPARE_REGISTERS = 11
"""Tables, entries and zeros that a loop of lookups keeps beside sums and indices."""

LONG_RUN = 12
"""Steps from which bytes are summed in a loop of their own."""

PASS_STEPS = 4
"""Steps of a pass of a loop of lookups."""

L2_VECTORS = 0.6
"""Vectors that come from the second cache level in a cycle."""

INDEX_STREAM = 1.5
"""How much longer indices take from beyond L2 than plain weights (measured)."""

LOOP_CYCLES = 1.0
"""What a pass through a loop costs beside its body."""


@dataclass(frozen=True)
class Contraction:
    """A contraction on a target: what the cost of a kernel depends on, the schedule aside."""

    geometry: ConvGeometry
    x: Code
    w: Code
    target: Target

    @property
    def rows(self) -> int:
        """Rows of output pixels of all images."""
        return self.geometry.batch * self.geometry.rows.out

    @property
    def taps(self) -> int:
        """Taps of the window."""
        return self.geometry.rows.taps * self.geometry.cols.taps

    @property
    def channels(self) -> int:
        """Input channels of a group."""
        return self.geometry.ic // self.geometry.groups

    def blocks(self, lanes: int) -> int:
        """Blocks of so many output channels, in all groups."""
        return self.geometry.groups * ceil(self.geometry.oc / self.geometry.groups / lanes)


def _step(target: Target, pixels: int, vectors: int, operation_cycles: float) -> float:
    """Cycles of a reduction step of a tile."""
    loads = (pixels + vectors) / target.throughput.loads
    return max(operation_cycles * max(pixels * vectors, CHAINS), loads)


def _row_of_tiles(geometry: ConvGeometry, pixels: int) -> list[tuple[int, int]]:
    """(how many, pixels) of the tiles of a row."""
    whole, rest = divmod(geometry.cols.out, pixels)
    return [(whole, pixels), (1, rest)] if rest else [(whole, pixels)]


def bit_serial_cycles(c: Contraction, pixels: int, vectors: int) -> float:
    """Cycles of the reduction by popcounts."""
    target, word = c.target, c.target.word_bits
    lanes = vectors * target.vector_bits // word
    steps = c.taps * ceil(c.channels / word) * len(decompose(affine(c.x), affine(c.w)).terms)
    operation = target.popcount_steps / target.throughput.vector
    if c.rows == 1 and c.geometry.cols.out <= pixels:
        return _streamed_cycles(c, c.geometry.cols.out, vectors, operation)
    row = sum(
        count * steps * (_step(target, tile, vectors, operation) + _waits(target, tile, vectors))
        for count, tile in _row_of_tiles(c.geometry, pixels)
    )
    return c.rows * c.blocks(lanes) * row


def _waits(target: Target, pixels: int, vectors: int) -> float:
    """Cycles of a pass of a tile of popcounts that these do not hide."""
    waits = target.throughput.waits
    return waits.pixel * pixels + waits.vector * vectors + waits.step


def _streamed_cycles(c: Contraction, pixels: int, vectors: int, operation: float) -> float:
    """Cycles of popcounts in a single tile a block, which wait for the weights.

    Each plane of the weights comes once from where all of them lie, and then for every other plane
    of x from where those of a block do.
    """
    target, word = c.target, c.target.word_bits
    lanes, planes = vectors * target.vector_bits // word, c.w.width
    steps, terms = c.taps * ceil(c.channels / word), len(decompose(affine(c.x), affine(c.w)).terms)
    counts = operation * max(pixels * vectors, CHAINS) + target.throughput.waits.step
    block = steps * lanes * word // 8 * planes
    first = max(counts, vectors * stream_cycles(block * c.blocks(lanes), 8, target))
    is_near = block <= target.l1_bytes * 3 // 4
    again = counts if is_near else max(counts, vectors * stream_cycles(block, 8, target))
    return c.blocks(lanes) * steps * (planes * first + (terms - planes) * again)


def dot_cycles(c: Contraction, pixels: int, vectors: int) -> float:
    """Cycles of the reduction by dot products of bytes."""
    target, product = c.target, LevelProduct(affine(c.x), affine(c.w))
    bits = weight_bits(product, c.geometry, (pixels, vectors), target)
    lanes = vectors * target.vector_bits // (8 * BYTES_PER_WORD)
    words = dot_words((c.x, c.w), target)
    steps = c.taps * ceil(c.channels / words.size)
    run = run_words(words, target) if target.dot_form.by_lane else 1

    def step(tile: int) -> float:
        loop = LOOP_CYCLES / 2 * bits / 8 / run
        if words.size < BYTES_PER_WORD:
            return narrow_step_cycles(product, words, (tile, vectors), target) + loop
        of_vector = step_cycles(product, bits, c.geometry, (tile, vectors), target)
        loads = (tile / run + vectors * bits / 8) / target.throughput.loads
        return max(of_vector * vectors, loads) + loop

    row = sum(count * steps * step(tile) for count, tile in _row_of_tiles(c.geometry, pixels))
    return c.rows * c.blocks(lanes) * row


def table_cycles(c: Contraction, pixels: int, vectors: int) -> float:
    """Cycles of the reduction by table lookups, the tables built in between."""
    target, throughput = c.target, c.target.throughput
    plan = plan_tables(affine(c.x), affine(c.w), c.geometry, target, (pixels, vectors))
    if plan.obstacle is not None:
        return float("inf")
    sums, registers = plan.sums, ceil(vectors / 4)
    # A lookup and an addition; one or two operations whenever nibbles are full.
    full = 1 if target.shifts_bytes else 2
    operations = 1 + target.lookup_steps + (full / sums.nibble_steps if plan.shared > 1 else 0)
    lookup = throughput.lookups.mixed * max(operations / throughput.vector, 1 / throughput.shuffle)
    tap_indices = plan.chunk_indices
    run = min(sums.byte_steps, tap_indices)
    for trips in (c.geometry.cols.taps, c.geometry.rows.taps):
        if run * trips <= sums.byte_steps and run >= min(tap_indices, run):
            run *= trips
    flush = _flushing(target, plan.shared) / throughput.vector / run
    waits = _lookup_waits(target, plan, registers, run)
    steps = c.taps * plan.indices(plan.words) * len(sums.w_terms)
    per_tile = 8 + 12 * (plan.chunks - 1)
    loops = c.taps * plan.chunks * len(sums.w_terms) * 2 * LOOP_CYCLES
    lanes = registers * target.vector_bits // 8
    indices = steps // plan.chunks * lanes * c.blocks(lanes)
    is_streamed = c.rows == 1 or indices > target.l1_bytes // 2
    least = registers / L2_VECTORS if is_streamed else 0.0
    # A single row uses each index once; lookups hide about half of the time that it takes to come.
    waiting = least / 2 if c.rows == 1 else 0.0
    size = steps * lanes * c.blocks(lanes)
    if c.rows == 1 and size > target.l2_bytes:
        least = INDEX_STREAM * registers * stream_cycles(size, 8, target)
    row = sum(
        count
        * (
            steps
            * max(least, waiting + _lookup_step(target, tile, registers, lookup + flush) + waits)
            + loops
            + per_tile * plan.shared * tile * registers / throughput.vector
        )
        for count, tile in _halves_of_tiles(plan)
    )
    return c.rows * c.blocks(lanes) * row + _table_building(c, plan)


def _flushing(target: Target, shared: int) -> int:
    """Operations that add the bytes of `shared` pixels to pairs, once the pixels are apart.

    Where bytes are shifted that takes two of them, and pairs are shifted and added at once.
    """
    if target.shifts_bytes:
        return 2 if shared == 1 else 6
    return 3 if shared == 1 else 18


def _lookup_step(target: Target, pixels: int, registers: int, operation_cycles: float) -> float:
    """Cycles of a step of a tile of lookups: its loads are hidden, or take their turn."""
    turns = target.throughput.lookups.load_turns
    if not turns:
        return _step(target, pixels, registers, operation_cycles)
    loads = turns * (pixels + registers) / target.throughput.loads
    return operation_cycles * max(pixels * registers, CHAINS // 2) + loads


def _lookup_waits(target: Target, plan: TablePlan, registers: int, run: int) -> float:
    """Cycles of a step that neither lookups nor loads take: loops in order, and spilled sums.

    Where bytes are full often, all sums are in the loop: those of bytes, and of pairs twice.
    """
    if not target.shifts_bytes:
        return 0.0
    throughput, tile = target.throughput, plan.pixels * registers * plan.shared
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
    throughput, geometry, pairs = c.target.throughput, c.geometry, plan.sums.bits // 2
    register = c.target.vector_bits // 8
    registers = ceil(TABLE_WORD / register)
    # Levels: a mask, a choice and an addition a plane. Two vectors of pairs, each of two shuffles.
    per_word = registers * (2 * plan.sums.x_planes * plan.shared + 6) / throughput.vector
    per_vector = max(1, min(register, 2 * QUAD) // plan.entries)
    loads = pairs if per_vector == 1 else 1
    per_table = max(
        (2 * pairs - 1) / throughput.vector,
        pairs / throughput.shuffle,
        (loads + 1) / throughput.loads,
        1 / throughput.stores,
    )
    rows, half = geometry.rows, plan.pixels * plan.tiles
    built_rows = min(rows.before + rows.extent + rows.after, rows.out * plan.ring)
    columns = ceil(geometry.cols.out / plan.strip) * plan.columns(half)
    pixel = plan.words * per_word + ceil(plan.indices(plan.words) / per_vector) * per_table
    pixels = geometry.batch * built_rows * columns * geometry.groups
    return pixels * pixel * throughput.lookups.building


LOOKUP_BITS = {"avx512vbmi": 8, "ssse3": 6, "neon": 6}
"""Bits of the index of the largest table that pays in registers, by the feature that looks up."""
MEMORY_LOOKUP_OPERATIONS = 7
"""Operations of a pair of lookups in memory: their index, its halves, two loads, two additions."""
MEMORY_LOOKUP_CYCLES = 1.0
"""What a pair of loads from the second cache, where such tables lie, costs beside."""


def looks_up_in_registers(product: ProductTable, target: Target) -> bool:
    """Whether a target keeps a table of products in vector registers, or else in memory."""
    bits = next((bits for feature, bits in LOOKUP_BITS.items() if target.has(feature)), 0)
    return product.index_bits <= bits


def _lookup_operations(product: ProductTable, target: Target) -> int:
    """Vector operations of a lookup in all parts of a table."""
    entries = 128 if target.has("avx512vbmi") else 64 if target.arch == "aarch64" else 16
    shuffles = ceil((1 << product.index_bits) / entries)
    # Shuffles of pieces of the table, a choice by a bit of the index between each two, two
    # operations, and a mask.
    return len(product.register_tables) * (3 * shuffles - 2 + (shuffles > 1))


def product_cycles(c: Contraction, pixels: int, vectors: int) -> float:
    """Cycles of the reduction by lookups of products."""
    target, product = c.target, ProductTable(c.x, c.w)
    steps = c.taps * ceil(c.channels / BYTES_PER_WORD)
    if not looks_up_in_registers(product, target):
        lanes = vectors * target.vector_bits // 32
        words = c.rows * c.geometry.cols.out * c.blocks(lanes) * lanes * steps
        issue = MEMORY_LOOKUP_OPERATIONS / target.throughput.issue
        return words * (issue + MEMORY_LOOKUP_CYCLES)
    parts = len(product.register_tables)
    # The join, lookups, an addition a part; from time to time a dot product with ones a part.
    operations = 1 + _lookup_operations(product, target) + parts
    widening = parts * target.dot_form.operations / target.dot_form.rate / product.byte_steps
    operation = operations / target.throughput.vector + widening
    row = sum(
        count * steps * (_step(target, tile, vectors, operation) + LOOP_CYCLES / 2)
        for count, tile in _row_of_tiles(c.geometry, pixels)
    )
    return c.rows * c.blocks(vectors * target.vector_bits // 32) * row


REDUCTIONS = {
    "bit_serial": bit_serial_cycles,
    "dot": dot_cycles,
    "product": product_cycles,
    "table": table_cycles,
}
"""Cycles of the reduction of each strategy, by pixels and vectors of the register tile."""

EPILOGUE_CYCLES = 0.35
"""Cycles of the epilogue for a vector of sums and a level of the result."""

ALONE = 2
"""How many times that where a block has no two vectors of sums that narrower lanes could join."""

MAX_LEVELS = 16
"""Levels beyond which results are not compared with thresholds one by one."""


def predict_cycles(c: Contraction, strategy: str, pixels: int, vectors: int) -> float:
    """Cycles of a kernel of a strategy with a register tile of pixels and vectors.

    The result is taken to have as many levels as x, as between layers of a network.
    """
    lanes = c.target.vector_bits // 32
    outputs = c.rows * c.geometry.cols.out * ceil(c.geometry.oc / lanes)
    levels = min(1 << c.x.width, MAX_LEVELS)
    skip = default_skip(c.geometry, c.x, c.w, strategy, pixels, vectors)
    reduction = REDUCTIONS[strategy](c, pixels, vectors) * executed_share(c.geometry, skip)
    is_alone = vectors % 2 == 1 and c.geometry.oc // c.geometry.groups > lanes
    return reduction + EPILOGUE_CYCLES * levels * outputs * (ALONE if is_alone else 1)
