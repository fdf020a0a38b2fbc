"""Which strategy suits a contraction on a target, by an estimate of its steps."""

from __future__ import annotations

from lowbit_dialect.codes import AffineCode, Code
from lowbit_dialect.decomposition import decompose
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.level_product import LevelProduct
from lowbit_dialect.ops.dot import DotConvOp, DotGemmOp
from lowbit_dialect.ops.kernel import KernelOp
from lowering.strategies import check_strategy
from lowering.targets import DotForm, Target

MIN_I16_STEPS = 8
"""Words to be summed in i16 between two widenings for that to pay."""


def strategy_of(op: KernelOp) -> str:
    """The strategy of a kernel."""
    return "dot" if isinstance(op, DotConvOp | DotGemmOp) else "bit_serial"


def i16_steps(product: LevelProduct, target: Target) -> int:
    """How many words a kernel sums in i16 lanes before it widens them; 0 for none."""
    steps = product.i16_steps
    return steps if target.dot_form.i16_lanes and steps >= MIN_I16_STEPS else 0


def bit_serial_macs(x: AffineCode, w: AffineCode, target: Target) -> float:
    """Products a cycle of a bit-serial kernel whose tile fills the ports."""
    pairs = len(decompose(x, w).terms)
    return target.vector_bits * target.throughput.vector / (target.popcount_steps * pairs)


def dot_macs(product: LevelProduct, target: Target) -> float:
    """Products a cycle of a kernel of byte dot products whose tile fills the ports."""
    form: DotForm = target.dot_form
    operations = form.operations
    if i16_steps(product, target):
        operations = form.i16_operations
    elif product.i16_steps == 0:
        operations = form.wide_operations
    return target.vector_bits / 8 * form.rate / operations


def resolve_strategy(wanted: str, x: Code, w: Code, geometry: ConvGeometry, target: Target) -> str:
    """What a strategy becomes for a contraction: `auto` the faster one, `dot` where it is possible.

    Raises:
        ValueError: there is no such strategy.
    """
    check_strategy(wanted)
    if not isinstance(x, AffineCode) or not isinstance(w, AffineCode):
        return "bit_serial"
    product = LevelProduct(x, w)
    if wanted == "bit_serial" or product.obstacle(geometry) is not None:
        return "bit_serial"
    if wanted == "dot":
        return "dot"
    faster = dot_macs(product, target) > bit_serial_macs(x, w, target)
    return "dot" if faster else "bit_serial"
