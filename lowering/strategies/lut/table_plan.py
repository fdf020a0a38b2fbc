"""How a contraction by tables of partial sums is laid out on a target: table size, ring, chunks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.schedule import KnobValue
from lowbit_dialect.sums.lut import TABLE_WORD, LutSums
from lowering.targets import Target


@dataclass(frozen=True)
class TablePlan:
    """The tables of one contraction.

    The contraction is walked in *strips* of `tiles` register tiles side by side, and in *chunks* of
    `chunk` words of channels. Where `shared` is 2, a tile is that many pixels twice: a strip has a
    left and a right half, whose entries share bytes. The tables of a strip and chunk lie in a ring
    of as many rows as the window has: what the first cache level holds. Between two chunks the sums
    of `segment` rows of a strip are kept, what a part of the second level holds.
    """

    geometry: ConvGeometry
    sums: LutSums
    pixels: int
    tiles: int = 1
    chunk: int = 1
    segment: int = 1
    shared: int = 1
    lanes: int = 0

    def with_knobs(self, knobs: Mapping[str, KnobValue]) -> TablePlan:
        """The plan with what a schedule says of it; what this leaves out stays."""
        given = {FIELDS[name]: int(value) for name, value in knobs.items()}
        return replace(self, **given)

    @property
    def knobs(self) -> dict[str, KnobValue]:
        """What a schedule says of it."""
        return {name: getattr(self, field) for name, field in FIELDS.items()}

    @property
    def strip(self) -> int:
        """Output columns of a strip."""
        return self.pixels * self.tiles * self.shared

    @property
    def words(self) -> int:
        """Words of channels of a group."""
        return ceil(self.geometry.ic / self.geometry.groups / TABLE_WORD)

    def indices(self, words: int) -> int:
        """Indices of the first `words` words of a group, or of all where it has fewer."""
        channels = self.geometry.ic // self.geometry.groups
        return self.sums.index_count(min(channels, words * TABLE_WORD))

    @property
    def chunks(self) -> int:
        """How often the strip is walked."""
        return ceil(self.words / self.chunk)

    @property
    def chunk_indices(self) -> int:
        """Indices of a chunk, of each group."""
        return self.indices(self.chunk)

    @property
    def ring(self) -> int:
        """Rows of tables that an output row needs."""
        return (self.geometry.rows.taps - 1) * self.geometry.rows.dilation + 1

    @property
    def entries(self) -> int:
        """Bytes of a table."""
        return 1 << self.sums.bits

    def columns(self, pixels: int) -> int:
        """Columns of tables that so many pixels, or halves of them that share bytes, need."""
        cols = self.geometry.cols
        return (pixels - 1) * cols.stride + (cols.taps - 1) * cols.dilation + 1

    @property
    def ring_bytes(self) -> int:
        """Bytes of all tables that live at a time."""
        per_row = self.columns(self.pixels * self.tiles) * self.geometry.groups
        return self.ring * per_row * self.chunk_indices * self.entries

    def elements(self, words: int) -> int:
        """Elements in a sum over so many words of channels, places that hold none included."""
        taps = self.geometry.rows.taps * self.geometry.cols.taps
        return taps * self.indices(words) * self.sums.bits

    @property
    def keeps_pairs(self) -> bool:
        """Whether 16 bits hold the sums of all chunks."""
        return self.sums.fits_16_bits(self.elements(self.words))

    @property
    def kept_bytes(self) -> int:
        """Bytes of the sums that are kept between two chunks."""
        if self.chunks == 1:
            return 0
        groups = self.geometry.groups
        blocks = groups * ceil(self.geometry.oc / groups / max(1, self.lanes))
        size = 2 if self.keeps_pairs else 4
        return self.segment * blocks * self.lanes * self.strip * size

    @property
    def _why_no_walk(self) -> str | None:
        """Why strips, chunks and segments do not divide the contraction, or None."""
        geometry, rows = self.geometry, self.geometry.batch * self.geometry.rows.out
        whole = max(1, geometry.cols.out // (self.pixels * self.shared))
        if self.chunk > self.words:
            return f"chunk = {self.chunk}: a group has {self.words} words of channels"
        if whole % self.tiles:
            return f"strip = {self.tiles}: a row has {whole} whole tiles, which it does not divide"
        if self.segment > rows:
            return f"segment = {self.segment}: there are {rows} rows"
        if self.shared > 1 and not self.sums.nibble_steps:
            return f"sharing = {self.shared}: no nibble holds an entry"
        if self.segment > 1 and self.kept_bytes > MAX_KEPT_BYTES:
            return (
                f"segment = {self.segment}: the sums between chunks take {self.kept_bytes} bytes on"
                f" the stack, more than {MAX_KEPT_BYTES}"
            )
        return None

    @property
    def why_not(self) -> str | None:
        """Why there can be no tables, or None."""
        if self.sums.why_not is not None:
            return self.sums.why_not
        if not self.sums.fits_16_bits(self.elements(self.chunk)):
            taps = self.geometry.rows.taps * self.geometry.cols.taps
            return f"sums of {taps} taps of {TABLE_WORD} channels can leave 16 bits"
        if reason := self._why_no_walk:
            return reason
        if self.ring_bytes > MAX_RING_BYTES:
            return (
                f"the tables of {self.ring} rows take {self.ring_bytes} bytes on the stack, more"
                f" than {MAX_RING_BYTES}"
            )
        return None


FIELDS = {"chunk": "chunk", "strip": "tiles", "segment": "segment", "sharing": "shared"}
"""The fields of the plan, by those of the schedule."""

MAX_KEPT_BYTES = 1024 * 1024
"""Bytes of sums between chunks that a thread may have on its stack."""

MAX_RING_BYTES = 512 * 1024
"""Bytes of tables that a thread may have on its stack."""


def index_bits(target: Target) -> int:
    """Bits of the indices that a shuffle of the target takes: tables of 64 bytes, or of 16."""
    return 6 if target.has("avx512vbmi") else 4


def plan_tables(
    x: AffineCode, w: AffineCode, geometry: ConvGeometry, target: Target, tile: tuple[int, int]
) -> TablePlan:
    """The tables of a contraction whose register tile has (pixels, vectors of sums)."""
    pixels, vectors = tile
    sums = LutSums.of(x, w, index_bits(target))
    # To shift pairs and take these apart pays for several entries at a time, to shift bytes always.
    shared = 2 if sums.nibble_steps > (0 if target.shifts_bytes else 1) else 1
    lanes = vectors * target.vector_bits // 32
    one = TablePlan(geometry, sums, pixels, shared=shared, lanes=lanes)
    whole_tiles = max(1, geometry.cols.out // one.strip)
    # Half of the first cache level for a tile's tables, the rest for indices and sums.
    chunk = max(1, min(one.words, target.costs.l1_bytes // 2 // one.ring_bytes))
    chunk = ceil(one.words / ceil(one.words / chunk))
    while chunk > 1 and not sums.fits_16_bits(one.elements(chunk)):
        chunk -= 1  # from what the first cache level holds, which is little
    plan = replace(one, chunk=chunk)
    for more in range(2, whole_tiles + 1):
        wider = replace(plan, tiles=more)
        if wider.ring_bytes > target.costs.l1_bytes * 3 // 4:
            break
        if whole_tiles % more == 0:
            plan = wider
    blocks = geometry.groups * ceil(geometry.oc / geometry.groups / lanes)
    kept = min(target.costs.l2_bytes // 4, MAX_KEPT_BYTES)
    row_bytes = blocks * lanes * plan.strip * (2 if plan.keeps_pairs else 4)
    rows = geometry.batch * geometry.rows.out
    if plan.chunks == 1:
        return plan  # nothing is kept between chunks
    return replace(plan, segment=max(1, min(rows, kept // row_bytes)))
