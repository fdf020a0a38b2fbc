"""`lowbit.correction`: what a kernel's sums lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import StringAttr, TensorType, i32
from xdsl.ir import Attribute, Operation, SSAValue, TypeAttribute
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.rewriter import Rewriter
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import AffineCode, Code
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.base import (
    ATTRIBUTE,
    INT_PROPERTY,
    INTS,
    INTS_PROPERTY,
    WORD,
    Clause,
    LowbitOp,
    code_of,
    expect_type,
    ints,
    static_shape,
)
from lowbit_dialect.ops.contraction import CONV_CLAUSES, conv_geometry, conv_layout
from lowbit_dialect.ops.kernel import affine_code_of
from lowbit_dialect.strategies import DEFAULT, STRATEGY_OPS, strategy_ops
from lowbit_dialect.sums.base import KernelSums


@irdl_op_definition
class CorrectionOp(LowbitOp):
    """What must be added to the sums that a kernel of weights w makes (`kernel_sums`).

    w is not packed. It has 4 dimensions for a convolution, whose clauses and `image`, the height
    and width of x, say which taps fall on the image where, and 2, (K, N), for a matrix product.
    `x_code` is the code of the activations. The result is i32 (row classes, column classes, OC): a
    class is a set of valid taps, and there is one class where the padding makes no difference.
    `strategy` is the name of the kernel's (`STRATEGY_OPS`).
    """

    name = "lowbit.correction"
    CLAUSES: ClassVar = (
        Clause("x_code", ATTRIBUTE),
        Clause("image", INTS),
        *CONV_CLAUSES,
        Clause("strategy", WORD, StringAttr(DEFAULT.name)),
    )

    w = operand_def(TensorType)
    result = result_def(TensorType)
    x_code = prop_def(TypeAttribute)
    image = opt_prop_def(INTS_PROPERTY)
    strides = prop_def(INTS_PROPERTY)
    padding = prop_def(INTS_PROPERTY)
    dilation = prop_def(INTS_PROPERTY)
    groups = prop_def(INT_PROPERTY)
    layout = prop_def(StringAttr)
    strategy = prop_def(StringAttr)
    traits = traits_def(Pure())

    @staticmethod
    def get(
        w: SSAValue | Operation,
        x_code: Code,
        image: Sequence[int] = (),
        **clauses: Attribute,
    ) -> CorrectionOp:
        """Build the op, its result type inferred."""
        w = SSAValue.get(w)
        properties = {"x_code": x_code, "image": ints(image) if image else None, **clauses}
        op = CorrectionOp.build_op([w], [w.type], **properties)
        Rewriter.replace_value_with_new_type(op.result, op.expected_type)
        return op

    @property
    def geometry(self) -> ConvGeometry:
        """The contraction that the correction belongs to (batch 1)."""
        shape = static_shape(self.w.type, None, "w")
        if len(shape) == 2:
            return ConvGeometry.of_matmul(1, shape[0], shape[1])
        static_shape(self.w.type, 4, "w")
        image = tuple(self.image.get_values()) if self.image is not None else ()
        if len(image) != 2 or min(image) < 1:
            raise VerifyException("image needs 2 positive integers, height and width")
        groups = self.groups.value.data
        by_layout = {
            "nhwc": (1, *image, shape[3] * groups),
            "nchw": (1, shape[1] * groups, *image),
        }
        return conv_geometry(self, by_layout[conv_layout(self)], shape)  # pyright: ignore

    @property
    def kernel_sums(self) -> KernelSums:
        """What the kernel sums."""
        strategy = strategy_ops(self.strategy.data)
        if strategy is None:
            raise VerifyException(
                f"strategy {self.strategy.data}: {', '.join(STRATEGY_OPS)} are allowed"
            )
        takes_codebooks = strategy.takes_codebooks
        if not isinstance(self.x_code, Code if takes_codebooks else AffineCode):
            kind = "a value code" if takes_codebooks else "an affine code"
            raise VerifyException(f"x_code must be {kind}, got {self.x_code}")
        w_code = (code_of if takes_codebooks else affine_code_of)(self.w.type, "w")
        return strategy.sums(self.x_code, w_code)

    @property
    def expected_type(self) -> TensorType:
        """Type of the result."""
        geometry = self.geometry
        return TensorType(i32, (*self.kernel_sums.class_counts(geometry), geometry.oc))

    def verify_(self) -> None:
        """Check operand, clauses and the result's shape."""
        if packed_layout(self.w.type) is not None:
            raise VerifyException("w must not be packed")
        expect_type(self.result.type, self.expected_type, "result")
