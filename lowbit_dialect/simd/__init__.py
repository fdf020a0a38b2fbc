"""The `simd` dialect: target-neutral operations on one-dimensional vectors of register lanes.

Between the loops and LLVM. It holds what `arith` and `vector` lack (casts and selects of whole
vectors, masks to bits) and the few compound steps that instruction sets do very differently
(popcount and accumulate, table lookup). Vectors have a power of two of lanes; integer lanes are
signless and wrap. What every operation means on numpy arrays is in `simd_semantics.py`.
"""

from __future__ import annotations

from xdsl.ir import Dialect

from lowbit_dialect.simd.base import INTEGER_WIDTHS, SimdOperation
from lowbit_dialect.simd.broadcast import BroadcastLoadOp
from lowbit_dialect.simd.casts import CastOp, ExtSIOp, ExtUIOp, FPToSIOp, SIToFPOp, TruncIOp
from lowbit_dialect.simd.lookup import TABLE_ENTRIES, LookupOp
from lowbit_dialect.simd.pack_bits import PACK_LANES, PackBitsOp, PackMasksOp, UnpackBitsOp
from lowbit_dialect.simd.popcount import Combine, CombineAttr, PopcountAccOp
from lowbit_dialect.simd.products import DOT_WIDTHS, DotAccOp, MulAccOp, Sign, SignAttr
from lowbit_dialect.simd.reduce import ReduceAddOp
from lowbit_dialect.simd.saturate import AddSatOp, NarrowOp
from lowbit_dialect.simd.select import (
    CmpFOp,
    CmpIOp,
    FloatPredicate,
    FloatPredicateAttr,
    Predicate,
    PredicateAttr,
    SelectOp,
)
from lowbit_dialect.simd.shift_acc import RoundShiftAccOp

__all__ = [
    "DOT_WIDTHS",
    "INTEGER_WIDTHS",
    "PACK_LANES",
    "TABLE_ENTRIES",
    "AddSatOp",
    "BroadcastLoadOp",
    "CastOp",
    "CmpFOp",
    "CmpIOp",
    "Combine",
    "CombineAttr",
    "DotAccOp",
    "ExtSIOp",
    "ExtUIOp",
    "FPToSIOp",
    "FloatPredicate",
    "FloatPredicateAttr",
    "LookupOp",
    "MulAccOp",
    "NarrowOp",
    "PackBitsOp",
    "PackMasksOp",
    "PopcountAccOp",
    "Predicate",
    "PredicateAttr",
    "ReduceAddOp",
    "RoundShiftAccOp",
    "SIToFPOp",
    "SelectOp",
    "Sign",
    "SignAttr",
    "Simd",
    "SimdOperation",
    "TruncIOp",
    "UnpackBitsOp",
]

Simd = Dialect(
    "simd",
    [
        AddSatOp,
        BroadcastLoadOp,
        CmpFOp,
        CmpIOp,
        DotAccOp,
        ExtSIOp,
        ExtUIOp,
        FPToSIOp,
        LookupOp,
        MulAccOp,
        NarrowOp,
        PackBitsOp,
        PackMasksOp,
        PopcountAccOp,
        ReduceAddOp,
        RoundShiftAccOp,
        SIToFPOp,
        SelectOp,
        TruncIOp,
        UnpackBitsOp,
    ],
    [CombineAttr, FloatPredicateAttr, PredicateAttr, SignAttr],
)
"""The dialect, to be registered under the name `simd`."""
