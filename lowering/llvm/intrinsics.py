"""The target intrinsics that lowering may call, and what each of them requires.

LLVM ends the process when it meets an intrinsic that the CPU does not have, and takes one whose
name it does not know for an external function. So calls are made here only: by a row of a table
whose architecture and features the target is checked against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from xdsl.dialects import llvm
from xdsl.dialects.builtin import IntegerType, VectorType
from xdsl.ir import Attribute, SSAValue

from lowering.llvm.intrinsic_call import call_intrinsic
from lowering.targets import Target


def _v(lanes: int, bits: int) -> VectorType:
    return VectorType(IntegerType(bits), [lanes])


def _accumulating(lanes: int) -> tuple[tuple[VectorType, ...], VectorType]:
    """Operands and result of acc + dot products of four bytes."""
    return (_v(lanes, 32), _v(4 * lanes, 8), _v(4 * lanes, 8)), _v(lanes, 32)


def _pairs(lanes: int, bits: int) -> tuple[tuple[VectorType, ...], VectorType]:
    """Operands and result of sums of two products of numbers of `bits` bits."""
    return (_v(2 * lanes, bits), _v(2 * lanes, bits)), _v(lanes, 2 * bits)


def _product(lanes: int, bits: int) -> tuple[tuple[VectorType, ...], VectorType]:
    """Operands and result of products of twice the width."""
    return (_v(lanes, bits), _v(lanes, bits)), _v(lanes, 2 * bits)


def _pairs_of_lanes(lanes: int, bits: int) -> tuple[tuple[VectorType, ...], VectorType]:
    """Operands and result of sums of neighbouring lanes, in lanes twice as wide."""
    return (_v(lanes, bits),), _v(lanes // 2, 2 * bits)


def _choice(table: int, lanes: int) -> tuple[tuple[VectorType, ...], VectorType]:
    """Operands and result of a choice of bytes, by `lanes` indices, from `table` registers."""
    return (_v(lanes, 8),) * (table + 1), _v(lanes, 8)


@dataclass(frozen=True)
class Intrinsic:
    """One intrinsic: where it exists and what it takes and gives."""

    name: str
    arch: str
    features: tuple[str, ...]
    operands: tuple[VectorType, ...]
    result: VectorType

    def available(self, target: Target) -> bool:
        """Whether code for `target` may call it."""
        return target.arch.startswith(self.arch) and all(map(target.has, self.features))

    def call(self, target: Target, operands: Sequence[SSAValue]) -> llvm.CallIntrinsicOp:
        """A call.

        Raises:
            ValueError: if the target lacks the intrinsic or the operands have other types.
        """
        if not self.available(target):
            features = " and ".join(self.features)
            raise ValueError(f"{self.name} needs {self.arch} with {features}, not {target.name}")
        if tuple(operand.type for operand in operands) != self.operands:
            given = ", ".join(str(operand.type) for operand in operands)
            raise ValueError(f"{self.name} takes {', '.join(map(str, self.operands))}, got {given}")
        return call_intrinsic(self.name, operands, self.result)


INTRINSICS: dict[str, Intrinsic] = {
    name: Intrinsic(f"llvm.{name}", arch, tuple(features.split()), operands, result)
    for name, arch, features, operands, result in (
        # Pairwise sums of neighbouring lanes.
        ("aarch64.neon.addp.v16i8", "aarch64", "neon", (_v(16, 8), _v(16, 8)), _v(16, 8)),
        ("arm.neon.vpadd.v8i8", "armv7", "neon", (_v(8, 8), _v(8, 8)), _v(8, 8)),
        ("aarch64.neon.uaddlp.v8i16.v16i8", "aarch64", "neon", (_v(16, 8),), _v(8, 16)),
        # acc + those.
        ("arm.neon.vpadalu.v8i16.v16i8", "armv7", "neon", (_v(8, 16), _v(16, 8)), _v(8, 16)),
        # acc + four products of unsigned and signed bytes.
        ("x86.avx512.vpdpbusd.512", "x86_64", "avx512vnni", *_accumulating(16)),
        ("x86.avx512.vpdpbusd.256", "x86_64", "avx512vnni avx512vl", *_accumulating(8)),
        ("x86.avx512.vpdpbusd.128", "x86_64", "avx512vnni avx512vl", *_accumulating(4)),
        # The same of bytes that are both signed or both unsigned.
        ("aarch64.neon.sdot.v4i32.v16i8", "aarch64", "neon dotprod", *_accumulating(4)),
        ("aarch64.neon.udot.v4i32.v16i8", "aarch64", "neon dotprod", *_accumulating(4)),
        # Products of twice the width, signed or unsigned.
        ("aarch64.neon.smull.v8i16", "aarch64", "neon", *_product(8, 8)),
        ("aarch64.neon.umull.v8i16", "aarch64", "neon", *_product(8, 8)),
        ("arm.neon.vmulls.v8i16", "armv7", "neon", *_product(8, 8)),
        ("arm.neon.vmullu.v8i16", "armv7", "neon", *_product(8, 8)),
        # Shifts of signed lanes, to the right and rounded where the amount is negative.
        ("aarch64.neon.srshl.v8i16", "aarch64", "neon", (_v(8, 16), _v(8, 16)), _v(8, 16)),
        ("arm.neon.vrshifts.v8i16", "armv7", "neon", (_v(8, 16), _v(8, 16)), _v(8, 16)),
        # Sums of two unsigned neighbours.
        ("aarch64.neon.uaddlp.v4i32.v8i16", "aarch64", "neon", *_pairs_of_lanes(8, 16)),
        ("arm.neon.vpaddlu.v8i16.v16i8", "armv7", "neon", *_pairs_of_lanes(16, 8)),
        ("arm.neon.vpaddlu.v4i32.v8i16", "armv7", "neon", *_pairs_of_lanes(8, 16)),
        # Sums of two products of unsigned and signed bytes, saturating in i16.
        ("x86.avx512.pmaddubs.w.512", "x86_64", "avx512bw", *_pairs(32, 8)),
        ("x86.avx2.pmadd.ub.sw", "x86_64", "avx2", *_pairs(16, 8)),
        ("x86.ssse3.pmadd.ub.sw.128", "x86_64", "ssse3", *_pairs(8, 8)),
        # Sums of two products of i16.
        ("x86.avx512.pmaddw.d.512", "x86_64", "avx512bw", *_pairs(16, 16)),
        ("x86.avx2.pmadd.wd", "x86_64", "avx2", *_pairs(8, 16)),
        ("x86.sse2.pmadd.wd", "x86_64", "sse2", *_pairs(4, 16)),
        # Bytes chosen by the low four bits of others, within 16 bytes; by all their low bits.
        ("x86.avx512.pshuf.b.512", "x86_64", "avx512bw", *_choice(1, 64)),
        ("x86.avx2.pshuf.b", "x86_64", "avx2", *_choice(1, 32)),
        ("x86.ssse3.pshuf.b.128", "x86_64", "ssse3", *_choice(1, 16)),
        ("x86.avx512.permvar.qi.512", "x86_64", "avx512vbmi", *_choice(1, 64)),
        ("x86.avx512.permvar.qi.256", "x86_64", "avx512vbmi avx512vl", *_choice(1, 32)),
        # Bytes of two registers, chosen by those of the operand between them.
        ("x86.avx512.vpermi2var.qi.512", "x86_64", "avx512vbmi", *_choice(2, 64)),
        ("aarch64.neon.tbl1.v16i8", "aarch64", "neon", *_choice(1, 16)),
        ("aarch64.neon.tbl2.v16i8", "aarch64", "neon", *_choice(2, 16)),
        ("aarch64.neon.tbl4.v16i8", "aarch64", "neon", *_choice(4, 16)),
        ("arm.neon.vtbl2", "armv7", "neon", *_choice(2, 8)),
        ("arm.neon.vtbl4", "armv7", "neon", *_choice(4, 8)),
    )
}
"""By name without the leading `llvm.`."""


@cache
def first_available(names: tuple[str, ...], result: Attribute, target: Target) -> Intrinsic | None:
    """The first of the intrinsics that gives a type and that the target has, or None."""
    found = (INTRINSICS[name] for name in names)
    return next((i for i in found if i.result == result and i.available(target)), None)
