"""`lowbit.product_lut_tile`: the register tile of contractions by a table of products."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override
from xdsl.dialects.builtin import IntegerType, MemRefType, i8, i32
from xdsl.irdl import irdl_op_definition, operand_def
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import Code
from lowbit_dialect.ops.tile import TileOp
from lowbit_dialect.sums.product_lut import ProductLutSums


@irdl_op_definition
class ProductLutTileOp(TileOp):
    """Sums of looked up products for a tile of output pixels and one block of output channels.

    The first operand is the table: `[part][entry]` of bytes for registers, or `[entry]` of sums of
    two entries (`product_table`). x is a memref of i32, four level bytes each,
    `[n][row][column][channel word]`, w one of i32, four shifted levels each,
    `[block][kh][kw][channel word][lane]`. The indices, the clauses and the results are as in
    `lowbit.bitserial_tile`,
    but no taps are skipped: one in the padding has an entry too, which the correction takes back.
    """

    name = "lowbit.product_lut_tile"
    RANKS: ClassVar = (4, 5)

    table = operand_def(MemRefType)

    @property
    def product(self) -> ProductLutSums:
        """What the table holds."""
        x, w = self.x_code, self.w_code
        if not isinstance(x, Code) or not isinstance(w, Code):
            raise VerifyException("x_code and w_code must be value codes")
        return ProductLutSums(x, w)

    @override
    def _verify_words(self, x: MemRefType, w: MemRefType) -> None:
        if x.element_type != i32:
            raise VerifyException(f"x must hold words of i32, got {x.element_type}")
        product = self.product
        if product.why_not:
            raise VerifyException(product.why_not)
        if self.kernel_rows is not None or any(self.padding.get_values()):
            raise VerifyException("tiles of looked up products skip no taps in the padding")
        allowed = (
            MemRefType(i8, product.register_tables.shape),
            MemRefType(IntegerType(product.memory_bits), product.memory_table.shape),
        )
        if self.table.type not in allowed:
            raise VerifyException(
                f"the table must be {' or '.join(map(str, allowed))}, got {self.table.type}"
            )

    @property
    def in_registers(self) -> bool:
        """Whether the table is one for registers."""
        assert isinstance(self.table.type, MemRefType)
        return self.table.type.get_num_dims() == 2
