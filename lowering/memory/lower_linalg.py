"""`lowbit-lower-linalg`: structured operations of linalg on memrefs become loops over elements.

linalg.matmul ins(%a, %b : memref<4x8xi32>, memref<8x2xi32>) outs(%c : memref<4x2xi32>)
->
scf.for %m = %c0 to %c4 step %c1 {
  scf.for %n = %c0 to %c2 step %c1 {
    scf.for %k = %c0 to %c8 step %c1 {
      %x = memref.load %a[%m, %k] : memref<4x8xi32>
      %y = memref.load %b[%k, %n] : memref<8x2xi32>
      %z = memref.load %c[%m, %n] : memref<4x2xi32>
      ..
      memref.store %sum, %c[%m, %n] : memref<4x2xi32>

The loops are those of xDSL's `convert-linalg-to-loops`, whose indices may be `affine.apply`.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import linalg
from xdsl.dialects.builtin import DYNAMIC_INDEX, MemRefType, ModuleOp, TensorType
from xdsl.passes import ModulePass
from xdsl.transforms.convert_linalg_to_loops import LowerLinalgStructuredOpPattern

from lowering.support.diagnostics import fail
from lowering.support.single_walk import rewrite_op

StructuredOp = linalg.abstract_ops.LinalgStructuredOperation


def check(op: StructuredOp) -> None:
    """Refuse an operation that has no loops.

    Raises:
        OpFailedException: an operand is a tensor or has an extent that is not known, or the maps do
            not say the bounds of all loops. That they fit the shapes is checked by the verifier.
    """
    for value in (*op.operands, *op.results):
        type_ = value.type
        is_output = value in op.outputs and not isinstance(type_, MemRefType)
        if is_output or isinstance(type_, TensorType):
            fail(op, f"it has loops where it works on memrefs, got {type_}")
        if isinstance(type_, MemRefType) and DYNAMIC_INDEX in type_.get_shape():
            fail(op, f"{type_} has extents that are not known")
    if any(attr.data.num_symbols for attr in op.get_indexing_maps()):
        fail(op, "its maps have symbols")
    try:
        op.get_loop_bound_sources()
    except (AssertionError, NotImplementedError, ValueError) as error:
        fail(op, f"its maps do not say the bounds of its loops: {error}")
    loops = op.get_num_loops()
    for inner in op.body.block.ops:
        if isinstance(inner, linalg.ops.IndexOp) and not 0 <= inner.dim.value.data < loops:
            fail(inner, f"there is no loop {inner.dim.value.data}: there are {loops}")
    end = op.body.block.last_op
    elements = [v.type.element_type for v in op.outputs if isinstance(v.type, MemRefType)]
    if end is None or list(end.operand_types) != elements:
        fail(op, f"its body must yield {', '.join(map(str, elements))}")


@dataclass(frozen=True)
class LowerLinalgPass(ModulePass):
    """Lower the structured operations of linalg."""

    name = "lowbit-lower-linalg"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Check and lower each."""
        for inner in [inner for inner in op.walk() if isinstance(inner, StructuredOp)]:
            check(inner)
            rewrite_op(inner, LowerLinalgStructuredOpPattern())
