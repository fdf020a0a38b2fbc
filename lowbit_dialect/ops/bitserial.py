"""`lowbit.bitserial_conv`, `bitserial_gemm`: contractions as popcounts of packed planes.

What conv2d and matmul compute, with operands in the layout the kernel reads, the knobs of the
kernel, and an epilogue region that says what becomes of the accumulators before they are stored.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from typing_extensions import override
from xdsl.dialects.builtin import StringAttr, TensorType, i32
from xdsl.ir import Attribute, Operation, SSAValue, TypeAttribute
from xdsl.irdl import (
    irdl_op_definition,
    lazy_traits_def,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    opt_region_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.rewriter import Rewriter
from xdsl.traits import HasParent, IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import AffineCode
from lowbit_dialect.decomposition import INT32_MAX, Decomposition, decompose
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.kernel_layouts import (
    activation_layout,
    matmul_lhs_layout,
    matmul_rhs_layout,
    weight_layout,
)
from lowbit_dialect.layout import PackedAttr, packed_layout
from lowbit_dialect.ops.base import (
    ATTRIBUTE,
    INT_PROPERTY,
    INTS,
    INTS_PROPERTY,
    Clause,
    LowbitOp,
    code_of,
    expect_type,
    ints,
    static_shape,
)
from lowbit_dialect.ops.contraction import (
    CONV_CLAUSES,
    conv_geometry,
    conv_layout,
    conv_result_shape,
    matmul_geometry,
    verify_accumulator,
)
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.schedule import ScheduleAttr


def affine_code_of(type_: Attribute, role: str) -> AffineCode:
    """The affine code of a tensor type; a VerifyException names what else it is."""
    code = code_of(type_, role)
    if not isinstance(code, AffineCode):
        raise VerifyException(f"{role}: bit-serial kernels take affine codes, got {code}")
    return code


@irdl_op_definition
class YieldOp(LowbitOp):
    """End of an epilogue: what the contraction stores."""

    name = "lowbit.yield"

    value = operand_def(TensorType)
    traits = lazy_traits_def(lambda: (IsTerminator(), HasParent(BitserialConvOp, BitserialGemmOp)))


class BitserialOp(LowbitOp):
    """What the bit-serial contractions share.

    x and w are packed as the kernel reads them (`kernel_layouts`); `correction`, i32 of shape
    (row classes, column classes, OC), is what `lowbit.correction` gives. Where the codes need none
    it is left out, and also where the constants of the epilogue's glue hold it already. The
    epilogue's argument stands for the i32 sums (with the correction, where given), its yield for
    what is stored; it may hold fused_glue and bitpack. Without one the i32 sums are stored.
    """

    REGION_KEYWORD: ClassVar = "epilogue"

    @property
    @abstractmethod
    def geometry(self) -> ConvGeometry:
        """Extents of the contraction."""

    @property
    @abstractmethod
    def accumulator_type(self) -> TensorType:
        """Logical i32 type of the sums."""

    @abstractmethod
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        """The layouts the kernel reads, taking word, lanes and frame from the given ones."""

    @property
    def epilogue_block(self):
        """The block of the epilogue, or None."""
        region = self.regions[0] if self.regions else None
        return region.blocks[0] if region is not None and region.blocks else None

    @property
    def decomposition(self) -> Decomposition:
        """How the codes of the operands multiply."""
        return decompose(
            affine_code_of(self.operands[0].type, "x"), affine_code_of(self.operands[1].type, "w")
        )

    def verify_(self) -> None:
        """Check codes, layouts, correction, range of the sums, and the epilogue."""
        x_type, w_type = self.operands[0].type, self.operands[1].type
        x, w = affine_code_of(x_type, "x"), affine_code_of(w_type, "w")
        x_layout, w_layout = packed_layout(x_type), packed_layout(w_type)
        if x_layout is None or w_layout is None:
            raise VerifyException("x and w must be packed")
        geometry = self.geometry
        want_x, want_w = self.expected_layouts(x_layout, w_layout)
        for role, have, want in (("x", x_layout, want_x), ("w", w_layout, want_w)):
            if have != want:
                raise VerifyException(f"{role} must lie in {want}, got {have}")
        if x_layout.word_bits != w_layout.word_bits:
            raise VerifyException("x and w must have words of the same width")
        verify_accumulator(x, w, geometry.taps)
        self._verify_correction(geometry)
        self._verify_epilogue()

    def _verify_correction(self, geometry: ConvGeometry) -> None:
        decomposition, given = self.decomposition, len(self.operands) > 2
        if given and not decomposition.needs_correction:
            raise VerifyException("the codes of x and w need no correction operand")
        if decomposition.needs_correction and not (given or self._has_glue):
            raise VerifyException(
                "the codes of x and w need a correction operand, or glue that holds it"
            )
        # With the correction the sums are those of the products, and wrapping on the way to them is
        # harmless. Glue that holds the correction compares the popcount sums as they are.
        is_held = decomposition.needs_correction and not given
        if is_held and decomposition.raw_bound(geometry.taps) > INT32_MAX:
            raise VerifyException(
                "the popcount sums can leave i32, so a correction operand is needed"
            )
        if given:
            expected = TensorType(i32, (*decomposition.class_counts(geometry), geometry.oc))
            expect_type(self.operands[2].type, expected, "correction")

    @property
    def _has_glue(self) -> bool:
        block = self.epilogue_block
        return block is not None and any(isinstance(op, FusedGlueOp) for op in block.ops)

    def _verify_epilogue(self) -> None:
        block = self.epilogue_block
        given: Attribute = self.accumulator_type
        if len(self.regions[0].blocks) > 1:
            raise VerifyException("the epilogue must be one block")
        if block is not None:
            if [a.type for a in block.args] != [self.accumulator_type]:
                raise VerifyException(
                    f"the epilogue must take one argument of {self.accumulator_type}"
                )
            if not isinstance(block.last_op, YieldOp):
                raise VerifyException("the epilogue must end in lowbit.yield")
            given = block.last_op.value.type
        expect_type(self.results[0].type, given, "result")


@irdl_op_definition
class BitserialConvOp(BitserialOp):
    """Convolution by popcounts: the clauses of `lowbit.conv2d`, a schedule, and an epilogue.

    x is packed in rows of words (`activation_layout`) with a frame at least as wide as the
    padding, w in blocks of output channels (`weight_layout`).
    """

    name = "lowbit.bitserial_conv"
    CLAUSES: ClassVar = (*CONV_CLAUSES, Clause("schedule", ATTRIBUTE))

    x = operand_def(TensorType)
    w = operand_def(TensorType)
    correction = opt_operand_def(TensorType)
    result = result_def(TensorType)
    epilogue = opt_region_def()
    strides = prop_def(INTS_PROPERTY)
    padding = prop_def(INTS_PROPERTY)
    dilation = prop_def(INTS_PROPERTY)
    groups = prop_def(INT_PROPERTY)
    layout = prop_def(StringAttr)
    schedule = opt_prop_def(ScheduleAttr)
    traits = traits_def(Pure())

    @property
    @override
    def geometry(self) -> ConvGeometry:
        return conv_geometry(
            self,
            static_shape(self.operands[0].type, 4, "x"),
            static_shape(self.operands[1].type, 4, "w"),
        )

    @property
    @override
    def accumulator_type(self) -> TensorType:
        return TensorType(i32, conv_result_shape(self.geometry, conv_layout(self)))

    @override
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        layout, geometry = conv_layout(self), self.geometry
        padding = tuple(self.padding.get_values())
        want_x = activation_layout(layout, x.word_bits.data, groups=geometry.groups)
        frame = [f.data for f in x.frame] or [0] * 8
        needed = activation_layout(layout, x.word_bits.data, padding).frame
        if all(f >= n.data for f, n in zip(frame, needed, strict=False)):
            want_x = want_x.with_frame(frame)
        else:
            want_x = want_x.with_frame([n.data for n in needed])
        return want_x, weight_layout(
            layout, w.word_bits.data, max(1, w.lane_block[1]), geometry.groups
        )


@irdl_op_definition
class BitserialGemmOp(BitserialOp):
    """Matrix product by popcounts: x (M, K) and w (K, N) packed along K, schedule, epilogue."""

    name = "lowbit.bitserial_gemm"
    CLAUSES: ClassVar = (Clause("schedule", ATTRIBUTE),)

    x = operand_def(TensorType)
    w = operand_def(TensorType)
    correction = opt_operand_def(TensorType)
    result = result_def(TensorType)
    epilogue = opt_region_def()
    schedule = opt_prop_def(ScheduleAttr)
    traits = traits_def(Pure())

    @property
    @override
    def geometry(self) -> ConvGeometry:
        return matmul_geometry(self.operands[0].type, self.operands[1].type)

    @property
    @override
    def accumulator_type(self) -> TensorType:
        geometry = self.geometry
        return TensorType(i32, (geometry.cols.out, geometry.oc))

    @override
    def expected_layouts(self, x: PackedAttr, w: PackedAttr) -> tuple[PackedAttr, PackedAttr]:
        return (
            matmul_lhs_layout(x.word_bits.data),
            matmul_rhs_layout(w.word_bits.data, max(1, w.lane_block[1])),
        )


@irdl_op_definition
class CorrectionOp(LowbitOp):
    """What must be added to the popcount sums of weights w (`lowbit_dialect/decomposition.py`).

    w is not packed. It has 4 dimensions for a convolution, whose clauses and `image`, the height
    and width of x, say which taps fall on the image where, and 2, (K, N), for a matrix product.
    `x_code` is the code of the activations. The result is i32 (row classes, column classes, OC): a
    class is a set of valid taps, and there is one class where the padding makes no difference.
    """

    name = "lowbit.correction"
    CLAUSES: ClassVar = (Clause("x_code", ATTRIBUTE), Clause("image", INTS), *CONV_CLAUSES)

    w = operand_def(TensorType)
    result = result_def(TensorType)
    x_code = prop_def(TypeAttribute)
    image = opt_prop_def(INTS_PROPERTY)
    strides = prop_def(INTS_PROPERTY)
    padding = prop_def(INTS_PROPERTY)
    dilation = prop_def(INTS_PROPERTY)
    groups = prop_def(INT_PROPERTY)
    layout = prop_def(StringAttr)
    traits = traits_def(Pure())

    @staticmethod
    def get(
        w: SSAValue | Operation,
        x_code: AffineCode,
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
    def decomposition(self) -> Decomposition:
        """How the codes multiply."""
        if not isinstance(self.x_code, AffineCode):
            raise VerifyException(f"x_code must be an affine code, got {self.x_code}")
        return decompose(self.x_code, affine_code_of(self.w.type, "w"))

    @property
    def expected_type(self) -> TensorType:
        """Type of the result."""
        geometry = self.geometry
        return TensorType(i32, (*self.decomposition.class_counts(geometry), geometry.oc))

    def verify_(self) -> None:
        """Check operand, clauses and the result's shape."""
        if packed_layout(self.w.type) is not None:
            raise VerifyException("w must not be packed")
        expect_type(self.result.type, self.expected_type, "result")
