"""The target intrinsics that lowering may call, and what each of them requires.

LLVM ends the process when it meets an intrinsic that the CPU does not have, and takes one whose
name it does not know for an external function. So calls are made here only: by a row of a table
whose architecture and features the target is checked against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import llvm
from xdsl.dialects.builtin import IntegerType, VectorType
from xdsl.ir import SSAValue

from lowering.targets import Target


def _v(lanes: int, bits: int) -> VectorType:
    return VectorType(IntegerType(bits), [lanes])


@dataclass(frozen=True)
class Intrinsic:
    """One intrinsic: where it exists and what it takes and gives."""

    name: str
    arch: str
    feature: str
    operands: tuple[VectorType, ...]
    result: VectorType

    def available(self, target: Target) -> bool:
        """Whether code for `target` may call it."""
        return target.arch.startswith(self.arch) and target.has(self.feature)

    def call(self, target: Target, operands: Sequence[SSAValue]) -> llvm.CallIntrinsicOp:
        """A call.

        Raises:
            ValueError: if the target lacks the intrinsic or the operands have other types.
        """
        if not self.available(target):
            raise ValueError(
                f"{self.name} needs {self.arch} with {self.feature}, not {target.name}"
            )
        if tuple(operand.type for operand in operands) != self.operands:
            given = ", ".join(str(operand.type) for operand in operands)
            raise ValueError(f"{self.name} takes {', '.join(map(str, self.operands))}, got {given}")
        return llvm.CallIntrinsicOp(self.name, operands, [self.result])


INTRINSICS: dict[str, Intrinsic] = {
    name: Intrinsic(f"llvm.{name}", arch, feature, operands, result)
    for name, arch, feature, operands, result in (
        # Pairwise sums of neighbouring lanes.
        ("arm.neon.vpadd.v8i8", "armv7", "neon", (_v(8, 8), _v(8, 8)), _v(8, 8)),
    )
}
"""By name without the leading `llvm.`."""
