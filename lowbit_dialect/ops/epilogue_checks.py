"""Which schedules an epilogue can have, on any target."""

from __future__ import annotations

from xdsl.dialects.builtin import i32

from lowbit_dialect.epilogue_schedule import DEFAULT, EpilogueScheduleAttr
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pack import BitpackOp


def why_no_schedule(
    plan: EpilogueScheduleAttr, glue: FusedGlueOp | None, pack: BitpackOp | None
) -> str | None:
    """Why an epilogue with this glue and this packing has no such schedule, or None."""
    form = glue.form.data if glue is not None else None
    if plan.sum_bits.data < i32.width.data and form != "threshold":
        return f"sum_bits = {plan.sum_bits.data}: for glue of form threshold"
    if plan.product_bits != DEFAULT.product_bits and form != "scale":
        return f"product_bits = {plan.product_bits.data}: for glue of form scale"
    layout = packed_layout(pack.results[0].type) if pack is not None else None
    if plan.words.data > 1 and (layout is None or layout.bytes.data):
        return f"words = {plan.words.data}: for an epilogue that packs planes"
    return None
