"""SSA dominance: every operand is defined on all ways to its use.

xDSL's verifier does not check it, and its `DominanceInfo` keeps a set of dominators for each block,
which grows with the square of their number, and counts edges from unreachable blocks.
"""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp, UnregisteredOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.utils.exceptions import VerifyException

GRAPH_REGION_OPS = (ModuleOp, UnregisteredOp)
"""Operations whose regions of one block are graph regions: values may be used before they are
defined there. As in MLIR, nothing is known of the regions of an unregistered operation."""


class DominanceException(VerifyException):
    """An operand of `op` does not dominate its use."""

    def __init__(self, op: Operation, message: str) -> None:
        super().__init__(message)
        self.op = op


class DominatorTree:
    """The dominator tree of the blocks of a region that can be reached from its entry.

    Computed by the algorithm of Cooper, Harvey and Kennedy. `_span` holds for each block its first
    and last number in a walk of the tree, so that a question takes constant time.
    """

    def __init__(self, region: Region) -> None:
        postorder = _postorder(region)
        number = {block: i for i, block in enumerate(postorder)}
        predecessors: list[list[int]] = [[] for _ in postorder]
        for i, block in enumerate(postorder):
            for successor in _successors(block):
                predecessors[number[successor]].append(i)
        entry = len(postorder) - 1
        parent: list[int | None] = [None] * len(postorder)
        parent[entry] = entry
        changed = True
        while changed:
            changed = False
            for i in range(entry - 1, -1, -1):
                found: int | None = None
                for p in predecessors[i]:
                    if parent[p] is not None:
                        found = p if found is None else _common(parent, p, found)
                changed |= parent[i] != found
                parent[i] = found
        self._span = _spans(postorder, parent)

    def dominates(self, a: Block, b: Block) -> bool:
        """Whether every way from the entry to `b` leads through `a`; true if there is none."""
        if b not in self._span:
            return True
        if a not in self._span:
            return False
        return self._span[a][0] <= self._span[b][0] <= self._span[a][1]

    def is_reachable(self, block: Block) -> bool:
        """Whether some way from the entry leads to `block`."""
        return block in self._span


def _successors(block: Block) -> tuple[Block, ...]:
    return () if block.last_op is None else tuple(block.last_op.successors)


def _postorder(region: Region) -> list[Block]:
    """The blocks reachable from the entry, each after its successors but for back edges."""
    entry = region.first_block
    assert entry is not None
    order: list[Block] = []
    seen, stack = {entry}, [(entry, iter(_successors(entry)))]
    while stack:
        block, successors = stack[-1]
        following = next((s for s in successors if s not in seen), None)
        if following is None:
            order.append(block)
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, iter(_successors(following))))
    return order


def _common(parent: list[int | None], a: int, b: int) -> int:
    """The nearest dominator of both blocks, which are numbered in postorder."""
    while a != b:
        low, high = min(a, b), max(a, b)
        above = parent[low]
        assert above is not None
        a, b = above, high
    return a


def _spans(postorder: list[Block], parent: list[int | None]) -> dict[Block, tuple[int, int]]:
    """First and last number of each block's subtree in a preorder walk of the dominator tree."""
    size = [1] * len(postorder)
    entry = len(postorder) - 1
    for i in range(entry):  # a block's dominators have higher numbers
        size[parent[i]] += size[i]  # pyright: ignore
    first, free = [0] * len(postorder), [1] * len(postorder)
    for i in range(entry - 1, -1, -1):
        above = parent[i]
        assert above is not None
        first[i] = first[above] + free[above]
        free[above] += size[i]
    return {block: (first[i], first[i] + size[i] - 1) for i, block in enumerate(postorder)}


def _has_ssa_dominance(block: Block) -> bool:
    """Whether values of `block` must be defined ahead of their uses in it."""
    region = block.parent
    if region is None or region.parent is None:
        return True
    is_single = region.first_block is region.last_block
    return not (is_single and isinstance(region.parent, GRAPH_REGION_OPS))


class _Dominance:
    """The answers for one operation and all that it holds, computed as they are asked for."""

    def __init__(self, top: Operation) -> None:
        self.order = {op: i for i, op in enumerate(top.walk())}
        self._trees: dict[Region, DominatorTree] = {}

    def tree(self, region: Region) -> DominatorTree:
        """The dominator tree of a region."""
        if region not in self._trees:
            self._trees[region] = DominatorTree(region)
        return self._trees[region]

    def is_reachable(self, block: Block) -> bool:
        """Whether `block` can be reached from the entry of its region."""
        region = block.parent
        return (
            region is None or block is region.first_block or self.tree(region).is_reachable(block)
        )

    def properly_dominates(self, value: SSAValue, use: Operation) -> bool:
        """Whether `value` is defined wherever `use` reads it."""
        owner = value.owner
        block = owner if isinstance(owner, Block) else owner.parent
        at: Operation | None = use
        while at is not None and at.parent is not block:
            outer = at.parent
            if outer is None or block is None:
                return False
            if outer.parent is block.parent and outer.parent is not None:
                return self.tree(outer.parent).dominates(block, outer)
            at = outer.parent_op()
        if at is None:
            return False
        if isinstance(owner, Block):
            return True
        if owner is at and at is not use:
            return False  # an operation is not finished where its own regions run
        if block is not None and not _has_ssa_dominance(block):
            return True
        return owner in self.order and self.order[owner] < self.order[at]


def verify_dominance(top: Operation) -> None:
    """Check that operands dominate their uses in `top`, in time linear in its operations.

    The rules are MLIR's: an operand is defined ahead of its use in the same block, in a block that
    dominates the block of the use, or around its region; in a graph region the order does not
    count; operations in unreachable blocks are not checked.

    Raises:
        DominanceException: an operand does not; `op` is the operation that uses it.
    """
    dominance = _Dominance(top)
    for op in dominance.order:
        if not op.operands or (op.parent is not None and not dominance.is_reachable(op.parent)):
            continue
        for index, operand in enumerate(op.operands):
            if not dominance.properly_dominates(operand, op):
                owner = operand.owner
                what = (
                    "an argument of a block"
                    if isinstance(owner, Block)
                    else (f"a result of '{owner.name}'")
                )
                raise DominanceException(
                    op, f"operand does not dominate this use: operand #{index}, {what}"
                )


def verify_module(module: ModuleOp) -> None:
    """Verify a module: every operation by itself, and the dominance of operands.

    Raises:
        VerifyException: something does not verify.
    """
    module.verify()
    verify_dominance(module)
