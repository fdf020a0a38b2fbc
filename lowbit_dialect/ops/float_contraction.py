"""`lowbit.float_conv2d` and `lowbit.float_matmul`: sums of products of f32."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.rewriter import Rewriter
from xdsl.traits import Pure

from lowbit_dialect import reference
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.ops.base import (
    INT_PROPERTY,
    INTS_PROPERTY,
    TensorOp,
    expect_type,
    int_list,
    static_shape,
)
from lowbit_dialect.ops.contraction import (
    CONV_CLAUSES,
    conv_geometry,
    conv_result_shape,
    matmul_geometry,
)


class FloatContractionOp(TensorOp):
    """A contraction of f32: what convolutions and products share."""

    x = operand_def(TensorType)
    w = operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())

    @property
    def geometry(self) -> ConvGeometry:
        """Extents; those of a product are of a 1x1 convolution."""
        return matmul_geometry(self.x.type, self.w.type)

    @property
    def result_shape(self) -> tuple[int, ...]:
        """Shape of the result."""
        geometry = self.geometry
        return geometry.cols.out, geometry.oc

    def verify_(self) -> None:
        """Check element types, shapes and clauses."""
        shape = self.result_shape
        for value, role in ((self.x, "x"), (self.w, "w")):
            own = static_shape(value.type, None, role)
            expect_type(value.type, TensorType(f32, own), role)
        expect_type(self.result.type, TensorType(f32, shape), "result")
        self.geometry.rows.runs()
        self.geometry.cols.runs()


@irdl_op_definition
class FloatConv2DOp(FloatContractionOp):
    """Convolution of f32: x (N, H, W, C), w (KH, KW, C / groups, OC), result (N, OH, OW, OC).

    Clauses: strides [h, w], padding [top, bottom, left, right], dilation [h, w], groups. Taps in
    the padding are left out. The channels of a tap are summed in order, then the taps, row by row
    of the window, in f32 and in the same order on every target; each product is rounded before it
    is added where the target has no fused multiply-add.
    """

    name = "lowbit.float_conv2d"
    CLAUSES: ClassVar = CONV_CLAUSES[:-1]

    strides = prop_def(INTS_PROPERTY)
    padding = prop_def(INTS_PROPERTY)
    dilation = prop_def(INTS_PROPERTY)
    groups = prop_def(INT_PROPERTY)

    @staticmethod
    def get(
        x: SSAValue | Operation, w: SSAValue | Operation, **clauses: Attribute
    ) -> FloatConv2DOp:
        """Build the op, its result type inferred; see `conv_clauses`."""
        op = FloatConv2DOp.build_op([x, w], [SSAValue.get(x).type], (), **clauses)
        Rewriter.replace_value_with_new_type(op.result, TensorType(f32, op.result_shape))
        return op

    @property
    @override
    def geometry(self) -> ConvGeometry:
        shape = static_shape(self.x.type, 4, "x")
        kh, kw, icg, oc = static_shape(self.w.type, 4, "w")
        return conv_geometry(self, shape, (oc, kh, kw, icg), "nhwc")

    @property
    @override
    def result_shape(self) -> tuple[int, ...]:
        return conv_result_shape(self.geometry, "nhwc")

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        x, w = operands
        return reference.float_conv2d(
            x,
            w,
            int_list(self.strides),
            int_list(self.padding),
            int_list(self.dilation),
            self.groups.value.data,
        )


@irdl_op_definition
class FloatMatmulOp(FloatContractionOp):
    """Matrix product of f32: x (M, K), w (K, N) -> (M, N), summed along K in order."""

    name = "lowbit.float_matmul"

    @staticmethod
    def get(x: SSAValue | Operation, w: SSAValue | Operation) -> FloatMatmulOp:
        """Build the op, its result type inferred."""
        op = FloatMatmulOp.build_op([x, w], [SSAValue.get(x).type])
        Rewriter.replace_value_with_new_type(op.result, TensorType(f32, op.result_shape))
        return op

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        x, w = operands
        return reference.float_matmul(x, w)
