"""`lowbit.conv2d` and `lowbit.matmul`: exact sums of products of low-bit values, in i32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, StringAttr, TensorType, i32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.rewriter import Rewriter
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect import reference
from lowbit_dialect.codes import Code
from lowbit_dialect.geometry import LAYOUTS, WEIGHT_LAYOUTS, ConvGeometry, Window
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.base import (
    INT,
    INT_PROPERTY,
    INTS,
    INTS_PROPERTY,
    WORD,
    Clause,
    LowbitOp,
    TensorOp,
    code_of,
    expect_type,
    int_,
    int_list,
    ints,
    static_shape,
    verify_elements,
)
from lowbit_dialect.sums.base import INT32_MAX

CONV_CLAUSES = (
    Clause("strides", INTS, ints([1, 1])),
    Clause("padding", INTS, ints([0, 0, 0, 0])),
    Clause("dilation", INTS, ints([1, 1])),
    Clause("groups", INT, int_(1)),
    Clause("layout", WORD, StringAttr("nhwc")),
)


def conv_clauses(
    strides: Sequence[int] = (1, 1),
    padding: Sequence[int] = (0, 0, 0, 0),
    dilation: Sequence[int] = (1, 1),
    groups: int = 1,
    layout: str = "nhwc",
) -> dict[str, Attribute]:
    """Properties of the clauses of a convolution; padding is (top, bottom, left, right)."""
    return {
        "strides": ints(strides),
        "padding": ints(padding),
        "dilation": ints(dilation),
        "groups": int_(groups),
        "layout": StringAttr(layout),
    }


def _numbers(op: LowbitOp, name: str, count: int, least: int) -> tuple[int, ...]:
    attr = op.properties[name]
    values = tuple(attr.get_values()) if isinstance(attr, DenseArrayBase) else ()
    if len(values) != count or min(values) < least:
        raise VerifyException(f"{name} needs {count} integers >= {least}, got {list(values)}")
    return values


def conv_layout(op: LowbitOp) -> str:
    """The layout name of a convolution-like op, checked."""
    attr = op.properties["layout"]
    name = attr.data if isinstance(attr, StringAttr) else str(attr)
    if name not in LAYOUTS:
        raise VerifyException(f"layout {name!r} is unknown: {' and '.join(LAYOUTS)} are allowed")
    return name


def conv_geometry(
    op: LowbitOp, x_shape: Sequence[int], w_shape: Sequence[int], order: str | None = None
) -> ConvGeometry:
    """Geometry of a convolution from its clauses and the logical shapes of its operands.

    `order` is the layout of both shapes where the operation has no clause for it.

    Raises:
        VerifyException: a clause is out of range, or the shapes do not fit each other.
    """
    layout = conv_layout(op) if order is None else order
    n, h, w, c = (x_shape[d] for d in LAYOUTS[layout])
    oc, kh, kw, icg = (w_shape[d] for d in WEIGHT_LAYOUTS[layout])
    strides = _numbers(op, "strides", 2, 1)
    dilation = _numbers(op, "dilation", 2, 1)
    top, bottom, left, right = _numbers(op, "padding", 4, 0)
    groups_attr = op.properties["groups"]
    groups = groups_attr.value.data if isinstance(groups_attr, IntegerAttr) else 0
    if groups < 1 or c % groups or oc % groups:
        raise VerifyException(
            f"groups = {groups} must divide the {c} input and the {oc} output channels"
        )
    if icg != c // groups:
        raise VerifyException(
            f"weights have {icg} input channels, {c} channels in {groups} groups need {c // groups}"
        )
    geometry = ConvGeometry(
        n,
        Window(h, kh, strides[0], top, bottom, dilation[0]),
        Window(w, kw, strides[1], left, right, dilation[1]),
        c,
        oc,
        groups,
    )
    for name, window in (("height", geometry.rows), ("width", geometry.cols)):
        if window.out < 1:
            raise VerifyException(
                f"the filter does not fit in the {name}: {window.taps} taps, dilation"
                f" {window.dilation}, on {window.before} + {window.extent} + {window.after}"
            )
    verify_elements(conv_result_shape(geometry, layout), "result")
    return geometry


def conv_result_shape(geometry: ConvGeometry, layout: str) -> tuple[int, ...]:
    """Logical shape of the result of a convolution."""
    extents = (geometry.batch, geometry.rows.out, geometry.cols.out, geometry.oc)
    shape = [0] * 4
    for dim, extent in zip(LAYOUTS[layout], extents, strict=True):
        shape[dim] = extent
    return tuple(shape)


def verify_accumulator(x: Code, w: Code, taps: int) -> None:
    """Check that no sum of `taps` products can leave i32."""
    bound = taps * x.max_magnitude * w.max_magnitude
    if bound > INT32_MAX:
        raise VerifyException(f"{taps} products of {x} and {w} can reach {bound}, beyond i32")


def _unpacked(type_: Attribute, role: str) -> Code:
    code = code_of(type_, role)
    if packed_layout(type_) is not None:
        raise VerifyException(f"{role} must not be packed here; use lowbit.unpack, got {type_}")
    return code


@irdl_op_definition
class Conv2DOp(TensorOp):
    """Convolution of low-bit activations with low-bit weights.

    Shapes with layout nhwc: x (N, H, W, C), w (OC, KH, KW, C / groups), result (N, OH, OW, OC);
    with nchw: x (N, C, H, W), w (OC, C / groups, KH, KW), result (N, OC, OH, OW). The result is
    i32, and a type whose sums could leave i32 is refused.

    Clauses: strides [h, w], padding [top, bottom, left, right], dilation [h, w], groups. A tap in
    the padding contributes the value 0, whatever the code (also for bipolar, which has no 0).
    """

    name = "lowbit.conv2d"
    CLAUSES: ClassVar = CONV_CLAUSES

    x = operand_def(TensorType)
    w = operand_def(TensorType)
    result = result_def(TensorType)
    strides = prop_def(INTS_PROPERTY)
    padding = prop_def(INTS_PROPERTY)
    dilation = prop_def(INTS_PROPERTY)
    groups = prop_def(INT_PROPERTY)
    layout = prop_def(StringAttr)
    traits = traits_def(Pure())

    @staticmethod
    def get(x: SSAValue | Operation, w: SSAValue | Operation, **clauses: Attribute) -> Conv2DOp:
        """Build the op, its result type inferred; see `conv_clauses`."""
        x, w = SSAValue.get(x), SSAValue.get(w)
        op = Conv2DOp.build_op([x, w], [x.type], (), **clauses)
        shape = conv_result_shape(op.geometry, op.layout.data)
        Rewriter.replace_value_with_new_type(op.result, TensorType(i32, shape))
        return op

    @property
    def geometry(self) -> ConvGeometry:
        """Extents, from the operands' types and the clauses."""
        x_shape = static_shape(self.operands[0].type, 4, "x")
        w_shape = static_shape(self.operands[1].type, 4, "w")
        return conv_geometry(self, x_shape, w_shape)

    def verify_(self) -> None:
        """Check codes, shapes, clauses and the range of the sums."""
        x, w = _unpacked(self.x.type, "x"), _unpacked(self.w.type, "w")
        geometry = self.geometry
        expected = TensorType(i32, conv_result_shape(geometry, self.layout.data))
        expect_type(self.result.type, expected, "result")
        verify_accumulator(x, w, geometry.taps)

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        x, w = operands
        return reference.conv2d(
            x,
            w,
            int_list(self.strides),
            int_list(self.padding),
            int_list(self.dilation),
            self.groups.value.data,
            self.layout.data,
        )


@irdl_op_definition
class MatmulOp(TensorOp):
    """Matrix product of low-bit values: x (M, K), w (K, N) -> (M, N) of i32."""

    name = "lowbit.matmul"

    x = operand_def(TensorType)
    w = operand_def(TensorType)
    result = result_def(TensorType)
    traits = traits_def(Pure())

    @staticmethod
    def get(x: SSAValue | Operation, w: SSAValue | Operation) -> MatmulOp:
        """Build the op, its result type inferred."""
        x, w = SSAValue.get(x), SSAValue.get(w)
        geometry = matmul_geometry(x.type, w.type)
        shape = (geometry.cols.out, geometry.oc)
        return MatmulOp.build_op([x, w], [TensorType(i32, shape)])

    @property
    def geometry(self) -> ConvGeometry:
        """Extents, as those of a 1x1 convolution."""
        return matmul_geometry(self.x.type, self.w.type)

    def verify_(self) -> None:
        """Check codes, shapes and the range of the sums."""
        x, w = _unpacked(self.x.type, "x"), _unpacked(self.w.type, "w")
        geometry = self.geometry
        expect_type(self.result.type, TensorType(i32, (geometry.cols.out, geometry.oc)), "result")
        verify_accumulator(x, w, geometry.taps)

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        x, w = operands
        return reference.matmul(x, w)


def matmul_geometry(x: Attribute, w: Attribute) -> ConvGeometry:
    """Geometry of a matrix product from the types of its operands."""
    m, k = static_shape(x, 2, "x")
    k_w, n = static_shape(w, 2, "w")
    if k != k_w:
        raise VerifyException(f"x has {k} columns, w has {k_w} rows: they must be equal")
    return ConvGeometry.of_matmul(m, k, n)
