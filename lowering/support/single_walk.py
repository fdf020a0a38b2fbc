"""Rewriting in a single walk, for passes whose patterns are many matches of single operations.

xDSL's greedy driver tries every pattern on every operation, puts what a pattern made back on its
list, and walks again until nothing changes. A lowering that replaces each operation of a dialect
by operations of others needs none of that: a dictionary finds the pattern, and one walk is all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.builder import InsertOpInvT
from xdsl.dialects.builtin import ModuleOp, UnknownLoc
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern
from xdsl.rewriter import InsertPoint


class _Replacer(PatternRewriter):
    """Replaces operations without a list of operations to keep right.

    What it inserts is where the operation is that it rewrites.
    """

    def move_to(self, op: Operation) -> None:
        """Get ready to rewrite `op`."""
        block = op.parent
        assert block is not None
        self._current_operation = op
        self.insertion_point = InsertPoint(block, op)

    def insert(self, op: InsertOpInvT, insertion_point: InsertPoint | None = None) -> InsertOpInvT:
        """Insert operations, at the place of the one that is rewritten."""
        self._locate((op,) if isinstance(op, Operation) else op)
        return super().insert(op, insertion_point)

    def _locate(self, ops: Sequence[Operation]) -> None:
        current = self._current_operation
        assert current is not None
        for op in ops:
            if isinstance(op.location, UnknownLoc):
                op.location = current.location

    def replace(
        self,
        op: Operation,
        new_ops: Operation | Sequence[Operation],
        new_results: Sequence[SSAValue | None] | None = None,
        safe_erase: bool = True,
    ) -> None:
        """Put `new_ops` in the place of `op`; its results are those of the last one."""
        self._locate((new_ops,) if isinstance(new_ops, Operation) else new_ops)
        if new_results is not None or not safe_erase:
            super().replace(op, new_ops, new_results, safe_erase)
            return
        if isinstance(new_ops, Operation):
            new_ops = (new_ops,)
        block = op.parent
        assert block is not None
        block.insert_ops_before(new_ops, op)
        for old, new in zip(op.results, new_ops[-1].results, strict=True):
            old.replace_all_uses_with(new)
        op.detach()
        op.erase()


def rewrite_each(module: ModuleOp, patterns: Mapping[type[Operation], RewritePattern]) -> None:
    """Apply to each operation the pattern for its type, once.

    What the patterns make is not visited: it must not contain what they match.
    """
    matched = [op for op in module.walk() if type(op) in patterns]
    if not matched:
        return
    rewriter = _Replacer(matched[0])
    for op in matched:
        rewriter.move_to(op)
        patterns[type(op)].match_and_rewrite(op, rewriter)


def rewrite_op(op: Operation, pattern: RewritePattern) -> None:
    """Apply a pattern to one operation."""
    rewriter = _Replacer(op)
    rewriter.move_to(op)
    pattern.match_and_rewrite(op, rewriter)
