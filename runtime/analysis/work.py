"""How many products a stage computes, counted in its loops.

A `simd.popcount_acc` on vectors of n bits multiplies n pairs of bits, a `simd.dot_acc` on vectors
of n bytes n pairs of bytes, a `simd.mul_acc` on n lanes n pairs of numbers, and a `simd.lookup` of
n bytes looks up n products, or sums of some.
Where there are both, the fewer ones only widen sums, or are part of an epilogue. Loops of a stage
have constant bounds, other than the one over its independent parts, whose extent is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import FixedBitwidthType, IntegerAttr, VectorType
from xdsl.ir import Operation, SSAValue

from lowbit_dialect.simd import DotAccOp, LookupOp, MulAccOp, PopcountAccOp
from lowering.support.functions import Function

LANES = 0
"""Stands for the bits of a lane, whatever they are."""
KINDS: tuple[Mapping[type[Operation], int], ...] = (
    {LookupOp: 8},
    {PopcountAccOp: 1, DotAccOp: 8, MulAccOp: LANES},
)
"""Operations that multiply, and the bits of what each multiplies, by what excludes what."""


@dataclass(frozen=True)
class BitProducts:
    """Bit products of a whole stage, and of one iteration of its busiest innermost loop.

    The whole has those of all tiles that the stage has code for, of which some never run: tiles at
    the border that skip taps, or the last ones of a row.
    """

    total: int
    iteration: int


def bit_products(stage: Function, extent: int) -> BitProducts:
    """The bit products of a stage at the loops level, run over all its `extent` parts."""
    return max(
        (_counted(stage, extent, kinds) for kinds in KINDS), key=lambda products: products.total
    )


def _counted(stage: Function, extent: int, elements: Mapping[type[Operation], int]) -> BitProducts:
    """The products of some kinds of operations, given the bits of what each multiplies."""
    total, by_loop = 0, Counter[Operation | None]()
    for op in stage.walk():
        if type(op) in elements:
            products = _elements(op.operands[-1], elements[type(op)])
            loop = _loop_around(op)
            by_loop[loop] += products
            total += products * _trips(loop, extent)
    busiest = by_loop.most_common(1)
    return BitProducts(total, busiest[0][1] if busiest else 0)


def _elements(value: SSAValue, bits: int) -> int:
    """How many numbers of so many bits, or of those of its lanes, a vector holds."""
    assert isinstance(value.type, VectorType)
    element, lanes = value.type.element_type, value.type.element_count()
    assert isinstance(element, FixedBitwidthType)
    return lanes if bits == LANES else lanes * element.bitwidth // bits


def _loop_around(op: Operation) -> scf.ForOp | None:
    around = op.parent_op()
    while around is not None and not isinstance(around, scf.ForOp):
        around = around.parent_op()
    return around


def _trips(loop: scf.ForOp | None, extent: int) -> int:
    """How often the body of a loop runs, the loops around it counted."""
    trips = 1
    while loop is not None:
        bounds = [_constant(v) for v in (loop.lb, loop.ub, loop.step)]
        low, high, step = bounds
        if low is None or high is None or step is None:
            trips *= extent
        else:
            trips *= max(0, ceil((high - low) / step))
        loop = _loop_around(loop)
    return trips


def _constant(value: SSAValue) -> int | None:
    owner = value.owner
    if isinstance(owner, arith.ConstantOp) and isinstance(owner.value, IntegerAttr):
        return owner.value.value.data
    return None
