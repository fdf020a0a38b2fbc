"""The strategy: which contractions it takes, its layouts, plans and tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from typing_extensions import override
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation
from xdsl.pattern_rewriter import RewritePattern

from lowbit_dialect.ops.base import int_
from lowbit_dialect.ops.kernel import KernelOp
from lowbit_dialect.ops.tile import TileOp
from lowbit_dialect.schedule import KnobValue, ScheduleAttr
from lowering.kernels.contraction import Contraction
from lowering.loops.contraction.tiles import TileArguments, contraction_loops
from lowering.loops.stage import StageLoops
from lowering.strategies.base import ConvLayout, Layouts
from lowering.strategies.bitserial.plane_tiles import PlaneTiles
from lowering.strategies.bitserial.strategy import Bitserial
from lowering.targets import Target

from .ops import SPARSE, TESTS, SparseTileOp
from .sums import why_not_codes
from .tile import LowerSparseTile

MIN_WORD_BITS = 32
"""Words of 16 bits are few products behind a test, and need sums of another width."""


class SparseTiles(PlaneTiles):
    """Tiles of planes, with the test that the schedule says."""

    @override
    def tile_op(self, arguments: TileArguments, pixels: int, vectors: int) -> TileOp:
        words, test = int_(self.op.number("words")), StringAttr(str(self.op.knob("test")))
        return SparseTileOp.get(*arguments, self.x_code, self.w_code, words=words, test=test)


class Sparse(Bitserial):
    """Popcounts as those of `bitserial`, but none for words of weights that are zero.

    `auto` does not choose it: the codes and the geometry do not say how many words are zero.
    """

    ops = SPARSE
    former_names = ()
    peaks = ()

    @override
    def competes(self, c: Contraction) -> bool:
        return False

    @override
    def why_not(self, c: Contraction) -> str | None:
        return super().why_not(c) or why_not_codes(c.x, c.w)

    @override
    def lanes(self, target: Target) -> int:
        return super().lanes(_with_words(target))

    @override
    def word_elements(self, c: Contraction) -> int:
        return _with_words(c.target).word_bits

    @override
    def layouts(
        self,
        c: Contraction,
        lanes: int,
        conv: ConvLayout | None = None,
        schedule: ScheduleAttr | None = None,
    ) -> Layouts:
        return super().layouts(c.on(_with_words(c.target)), lanes, conv, schedule)

    @override
    def rule(self, c: Contraction, pixels: int, vectors: int) -> dict[str, KnobValue]:
        return {**super().rule(c, pixels, vectors), "test": "block"}

    @override
    def own_values(self, c: Contraction) -> dict[str, Sequence[KnobValue]]:
        return {**super().own_values(c), "test": TESTS}

    @override
    def loops(self, op: KernelOp, target: Target) -> StageLoops:
        return contraction_loops(op, target, SparseTiles)

    @override
    def tile_patterns(self, target: Target) -> Mapping[type[Operation], RewritePattern]:
        return {SparseTileOp: LowerSparseTile()}


def _with_words(target: Target) -> Target:
    """The target with words of weights that are no narrower than `MIN_WORD_BITS`."""
    return replace(target, word_bits=max(MIN_WORD_BITS, target.word_bits))
