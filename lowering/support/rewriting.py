"""Rewriting by patterns until nothing changes, with the locations of what they match."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import LocationAttr, ModuleOp, UnknownLoc
from xdsl.ir import Operation
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriterListener,
    PatternRewriteWalker,
    RewritePattern,
)


class _LocatedPatterns(GreedyRewritePatternApplier):
    """Applies patterns, and knows where the operation is that they match."""

    location: LocationAttr = UnknownLoc()

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        """Apply the first pattern that matches."""
        self.location = op.location
        super().match_and_rewrite(op, rewriter)

    def locate(self, op: Operation) -> None:
        """Give an operation that a pattern has made its place, and those inside of it."""
        for inner in op.walk():
            if isinstance(inner.location, UnknownLoc):
                inner.location = self.location


def rewrite(
    module: ModuleOp, patterns: Sequence[RewritePattern], *, recursively: bool = True
) -> None:
    """Apply patterns to all operations of a module, and remove operations that nothing uses.

    Operations that a pattern makes get the location of the operation that it matches.

    Args:
        module: rewritten in place.
        patterns: the first that matches an operation is applied.
        recursively: whether to go on with what the patterns have made, until none matches.
    """
    located = _LocatedPatterns([*patterns])
    listener = PatternRewriterListener(operation_insertion_handler=[located.locate])
    PatternRewriteWalker(located, apply_recursively=recursively, listener=listener).rewrite_module(
        module
    )
