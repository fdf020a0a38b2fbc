"""`sparse.conv`, `sparse.gemm`, `sparse.tile`: the operations of the strategy."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override
from xdsl.dialects.builtin import StringAttr
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code
from lowbit_dialect.ops.base import WORD, Clause
from lowbit_dialect.ops.bitserial import BitserialConvOp, BitserialGemmOp
from lowbit_dialect.ops.kernel import ConvKernelOp, GemmKernelOp
from lowbit_dialect.ops.strategy import StrategyOps
from lowbit_dialect.ops.tile import PopcountTileOp
from lowbit_dialect.schedule import Knob

from .sums import SparseSums, sparse_sums

TESTS = ("block", "vector")

KNOBS = {**BitserialConvOp.KNOBS, "test": Knob("block", TESTS)}
"""`test`: what is skipped where it is zero, a word of all lanes of a block or of one vector."""


@irdl_op_definition
class SparseConvOp(ConvKernelOp):
    """Convolution by popcounts that skips zero words of w; operands as for `bitserial_conv`."""

    name = "sparse.conv"
    KNOBS: ClassVar = KNOBS
    expected_layouts = BitserialConvOp.expected_layouts

    @override
    def raw_sums_of(self, x: Code, w: Code) -> SparseSums:
        return sparse_sums(x, w)


@irdl_op_definition
class SparseGemmOp(GemmKernelOp):
    """Matrix product by popcounts that skips zero words of w; operands as for `bitserial_gemm`."""

    name = "sparse.gemm"
    KNOBS: ClassVar = KNOBS
    expected_layouts = BitserialGemmOp.expected_layouts

    @override
    def raw_sums_of(self, x: Code, w: Code) -> SparseSums:
        return sparse_sums(x, w)


@irdl_op_definition
class SparseTileOp(PopcountTileOp):
    """A tile of popcounts that are skipped where the `test` of the weights finds only zeros."""

    name = "sparse.tile"
    CLAUSES: ClassVar = (*PopcountTileOp.CLAUSES, Clause("test", WORD))

    test = prop_def(StringAttr)

    @override
    def verify_(self) -> None:
        super().verify_()
        if self.test.data not in TESTS:
            raise VerifyException(f"test {self.test.data}: {', '.join(TESTS)} are allowed")


SPARSE = StrategyOps("sparse", SparseConvOp, SparseGemmOp, sparse_sums)
