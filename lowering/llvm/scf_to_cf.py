"""xDSL's `convert-scf-to-cf` in a single walk: its patterns, without its search for work to do.

It has none for `scf.while`, which is ours. Each loop, branch and switch is met once, outer ones
first; what they are replaced by has none.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import cf, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.rewriter import BlockInsertPoint, InsertPoint
from xdsl.transforms.convert_scf_to_cf import (
    ConvertScfToCf,
    ForLowering,
    IfLowering,
    SwitchLowering,
)

from lowering.support.diagnostics import fail
from lowering.support.single_walk import rewrite_each


class WhileLowering(RewritePattern):
    """Values go round between the two regions, for as long as the first one says.

        %r = scf.while (%a = %init) { ..  scf.condition(%more) %b } do { ^bb(%c): ..  scf.yield %d }
    ->
        cf.br ^before(%init)
      ^before(%a):
        ..
        cf.cond_br %more, ^after(%b), ^end(%b)
      ^after(%c):
        ..
        cf.br ^before(%d)
      ^end(%r):
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: scf.WhileOp, rewriter: PatternRewriter) -> None:
        block = op.parent_block()
        assert block is not None
        rest = block.split_before(op)
        region = block.parent_region()
        assert region is not None
        end = Block(arg_types=op.result_types)
        region.insert_block_before(end, rest)
        rewriter.insert(cf.BranchOp(rest), InsertPoint.at_end(end))
        before, after = op.before_region.block, op.after_region.block
        for inner in (op.before_region, op.after_region):
            rewriter.inline_region(inner, BlockInsertPoint.before(end))
        condition, again = before.last_op, after.last_op
        if not isinstance(condition, scf.ConditionOp) or not isinstance(again, scf.YieldOp):
            fail(op, "its regions must end in scf.condition and scf.yield")
        passed = condition.args
        types = [op.arguments.types, before.arg_types, again.operand_types]
        types_of_results = [op.result_types, after.arg_types, passed.types]
        if any(len(set(map(tuple, found))) > 1 for found in (types, types_of_results)):
            fail(op, "values that go round, and those that end as results, must keep their types")
        taken = cf.ConditionalBranchOp(condition.condition, after, passed, end, passed)
        rewriter.replace(condition, taken)
        rewriter.replace(again, cf.BranchOp(before, *again.operands))
        rewriter.insert(cf.BranchOp(before, *op.arguments), InsertPoint.at_end(block))
        rewriter.replace(op, [], end.args)


@dataclass(frozen=True)
class ScfToCfPass(ConvertScfToCf):
    """Lower `scf.for`, `scf.if`, `scf.while` and `scf.index_switch` to branches between blocks.

        scf.for %i = %low to %high step %s { body }
    ->
        cf.br ^head(%low : index)
      ^head(%i: index):
        %more = arith.cmpi slt, %i, %high : index
        cf.cond_br %more, ^body, ^end
    """

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Lower all of a module."""
        rewrite_each(
            op,
            {
                scf.ForOp: ForLowering(),
                scf.IfOp: IfLowering(),
                scf.IndexSwitchOp: SwitchLowering(),
                scf.WhileOp: WhileLowering(),
            },
        )
