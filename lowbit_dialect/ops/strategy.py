"""The half of a strategy that knows no machine: its operations, and what they sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lowbit_dialect.codes import Code
from lowbit_dialect.ops.kernel import ConvKernelOp, GemmKernelOp, KernelOp
from lowbit_dialect.raw_sums import RawSums


@dataclass(frozen=True)
class StrategyOps:
    """A way to compute contractions, as far as the dialect goes.

    `conv` and `gemm` are its operations, whose verifiers check codes, geometry, layouts and plan;
    `sums` gives what they sum for the codes of x and w.
    """

    name: str
    conv: type[ConvKernelOp]
    gemm: type[GemmKernelOp]
    sums: Callable[[Code, Code], RawSums]

    @property
    def takes_codebooks(self) -> bool:
        """Whether the codes may be any, or must be affine in their bits."""
        return self.conv.TAKES_CODEBOOKS

    def has(self, op: KernelOp) -> bool:
        """Whether an operation is one of the strategy."""
        return isinstance(op, self.conv | self.gemm)
