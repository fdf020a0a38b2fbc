"""What the kernels share: contractions with a strategy, a schedule and an epilogue.

What conv2d and matmul compute, with operands in the layout the kernel reads, the knobs of the
kernel, and an epilogue region that says what becomes of the accumulators before they are stored.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override
from xdsl.dialects.builtin import StringAttr, TensorType, VectorType, i32
from xdsl.ir import Attribute
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    opt_region_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.codes import AffineCode, Code
from lowbit_dialect.epilogue_schedule import DEFAULT, EpilogueScheduleAttr
from lowbit_dialect.geometry import ConvGeometry
from lowbit_dialect.layouts.channels import without_channels
from lowbit_dialect.layouts.kernels import conv_frame
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.ops.base import (
    ATTRIBUTE,
    INT_PROPERTY,
    INTS_PROPERTY,
    Clause,
    LowbitOp,
    code_of,
    expect_type,
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
from lowbit_dialect.ops.epilogue_checks import why_no_schedule
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.pack import BitpackOp
from lowbit_dialect.schedule import Knob, KnobValue, ScheduleAttr
from lowbit_dialect.sums.base import INT32_MAX, KernelSums

SCHEDULE_CLAUSES = (Clause("schedule", ATTRIBUTE), Clause("epilogue_schedule", ATTRIBUTE))
"""What level 2 decides about a kernel."""


def affine_code_of(type_: Attribute, role: str) -> AffineCode:
    """The affine code of a tensor type; a VerifyException names what else it is."""
    code = code_of(type_, role)
    if not isinstance(code, AffineCode):
        raise VerifyException(f"{role}: kernels take affine codes, got {code}")
    return code


@irdl_op_definition
class YieldOp(LowbitOp):
    """End of an epilogue or of the body of `lowbit.compute`: what is stored."""

    name = "lowbit.yield"

    value = operand_def(TensorType)
    traits = traits_def(IsTerminator())

    def verify_(self) -> None:
        """Check that it ends an epilogue or the body of a stage."""
        parent = self.parent_op()
        if not (isinstance(parent, LowbitOp) and parent.YIELDS):
            raise VerifyException(
                "lowbit.yield ends the epilogue of a kernel or the body of lowbit.compute only"
            )


class KernelOp(LowbitOp):
    """What contractions of every strategy share.

    x and w are packed as the kernel reads them (`kernel_layouts`); `correction`, i32 of shape
    (row classes, column classes, OC), is what `lowbit.correction` gives. Where the codes need none
    it is left out, and also where the constants of the epilogue's glue hold it already. The
    epilogue's argument stands for the i32 sums (with the correction, where given), its yield for
    what is stored; it may hold fused_glue and bitpack. Without one the i32 sums are stored.

    The correction and the parameters of the glue may be encoded as `#lowbit.channels`, in the order
    of the kernel's lanes; so may the result, where its channels are not the last dimension.
    """

    REGION_KEYWORD: ClassVar = "epilogue"
    YIELDS: ClassVar = True
    TAKES_CODEBOOKS: ClassVar = False
    """Whether a code may be any one, or must be affine in its bits."""
    KNOBS: ClassVar[Mapping[str, Knob]] = {}
    """The fields of the schedule that the strategy adds."""

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
    def has_column_words(self) -> bool:
        """Whether the words of w hold neighbouring columns of taps, and x is read at any byte."""
        return False

    @property
    def epilogue_block(self):
        """The block of the epilogue, or None."""
        region = self.regions[0] if self.regions else None
        return region.blocks[0] if region is not None and region.blocks else None

    @property
    def glue(self) -> FusedGlueOp | None:
        """The glue of the epilogue."""
        block = self.epilogue_block
        ops = block.ops if block is not None else ()
        return next((op for op in ops if isinstance(op, FusedGlueOp)), None)

    @property
    def pack(self) -> BitpackOp | None:
        """The packing of the epilogue."""
        block = self.epilogue_block
        ops = block.ops if block is not None else ()
        return next((op for op in ops if isinstance(op, BitpackOp)), None)

    @property
    def plan_of_epilogue(self) -> EpilogueScheduleAttr:
        """The schedule of the epilogue, or the default one."""
        given = self.properties.get("epilogue_schedule")
        return given if isinstance(given, EpilogueScheduleAttr) else DEFAULT

    @property
    def sum_vectors(self) -> list[VectorType]:
        """What a register tile gives for a vector of lanes of a pixel, by default lanes of i32.

        Needs a schedule.
        """
        return [VectorType(i32, [self.vector_lanes])]

    @property
    def vector_lanes(self) -> int:
        """Lanes of a vector of weights of a register tile, as the schedule says."""
        layout, schedule = packed_layout(self.operands[1].type), self.properties["schedule"]
        assert layout is not None, "the verifier says so"
        assert isinstance(schedule, ScheduleAttr), "the op's definition says so"
        return layout.lane_block[1] // schedule.vectors.data

    @abstractmethod
    def raw_sums_of(self, x: Code, w: Code) -> KernelSums:
        """What the kernel sums for two codes, which are affine unless it takes codebooks.

        Raises:
            VerifyException: it does not take these codes.
        """

    @property
    def kernel_sums(self) -> KernelSums:
        """What the kernel sums."""
        return self.raw_sums_of(*self.codes)

    @property
    def codes(self) -> tuple[Code, Code]:
        """The codes of x and w, checked."""
        of = code_of if self.TAKES_CODEBOOKS else affine_code_of
        return of(self.operands[0].type, "x"), of(self.operands[1].type, "w")

    def verify_(self) -> None:
        """Check codes, layouts, correction, range of the sums, and the epilogue."""
        x_type, w_type = self.operands[0].type, self.operands[1].type
        x, w = self.codes
        x_layout, w_layout = packed_layout(x_type), packed_layout(w_type)
        if x_layout is None or w_layout is None:
            raise VerifyException("x and w must be packed")
        geometry = self.geometry
        want_x, want_w = self.expected_layouts(x_layout, w_layout)
        for role, have, want in (("x", x_layout, want_x), ("w", w_layout, want_w)):
            if have != want:
                raise VerifyException(f"{role} must lie in {want}, got {have}")
        if x_layout.word_bits != w_layout.word_bits and not self.has_column_words:
            raise VerifyException("x and w must have words of the same width")
        self._verify_schedule(max(1, w_layout.lane_block[1]))
        verify_accumulator(x, w, geometry.taps)
        self._verify_correction(geometry)
        self._verify_epilogue()
        self._verify_epilogue_schedule()

    def knob(self, name: str) -> KnobValue:
        """A field of the schedule that the strategy adds, or its default."""
        return self.given_knobs.get(name, self.KNOBS[name].default)

    @property
    def given_knobs(self) -> dict[str, KnobValue]:
        """The fields that the strategy adds, as far as the schedule gives them."""
        schedule = self.properties.get("schedule")
        return schedule.knob_values if isinstance(schedule, ScheduleAttr) else {}

    def number(self, name: str) -> int:
        """A field that is a number."""
        value = self.knob(name)
        assert isinstance(value, int), "the verifier says so"
        return value

    def _verify_schedule(self, lanes: int) -> None:
        """Check what holds on every target; the passes to loops check what one target allows."""
        schedule = self.properties.get("schedule")
        if not isinstance(schedule, ScheduleAttr):
            return
        if lanes % schedule.vectors.data:
            raise VerifyException(
                f"schedule: {schedule.vectors.data} vectors do not divide the {lanes} lanes of w"
            )
        for name, value in schedule.knob_values.items():
            if name not in self.KNOBS:
                names = ", ".join(self.KNOBS) or "no others"
                raise VerifyException(f"schedule: unknown field {name}; allowed: {names}")
            if reason := self.KNOBS[name].why_not(value):
                raise VerifyException(f"schedule: {name} = {value}: {reason}")
        self._verify_knobs()

    def _verify_knobs(self) -> None:
        """Check what the fields that the strategy adds say together."""

    def _verify_correction(self, geometry: ConvGeometry) -> None:
        kernel_sums, given = self.kernel_sums, len(self.operands) > 2
        if given and not kernel_sums.needs_correction:
            raise VerifyException("the codes of x and w need no correction operand")
        if kernel_sums.needs_correction and not (given or self.glue is not None):
            raise VerifyException(
                "the codes of x and w need a correction operand, or glue that holds it"
            )
        # With the correction the sums are those of the products, and wrapping on the way to them is
        # harmless. Glue that holds the correction compares the sums as they are.
        is_held = kernel_sums.needs_correction and not given
        if is_held and kernel_sums.raw_bound(geometry.taps) > INT32_MAX:
            raise VerifyException(
                "the sums without the correction can leave i32, so a correction operand is needed"
            )
        if given:
            expected = TensorType(i32, (*kernel_sums.class_counts(geometry), geometry.oc))
            expect_type(without_channels(self.operands[2].type), expected, "correction")

    def _verify_epilogue_schedule(self) -> None:
        if reason := why_no_schedule(self.plan_of_epilogue, self.glue, self.pack):
            raise VerifyException(f"epilogue_schedule: {reason}")

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
        expect_type(without_channels(self.results[0].type), given, "result")


class ConvKernelOp(KernelOp):
    """A convolution: the clauses of `lowbit.conv2d`, a schedule, and an epilogue."""

    CLAUSES: ClassVar = (*CONV_CLAUSES, *SCHEDULE_CLAUSES)

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
    epilogue_schedule = opt_prop_def(EpilogueScheduleAttr)
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

    def frame_for(self, x: PackedAttr, unpadded: PackedAttr) -> PackedAttr:
        """`unpadded` with the frame of x, or with the least one where that is too narrow."""
        frame = [f.data for f in x.frame] or [0] * 8
        needed = conv_frame(conv_layout(self), tuple(self.padding.get_values()))
        is_wide = all(f >= n for f, n in zip(frame, needed, strict=False))
        return unpadded.with_frame(frame if is_wide else needed)


class GemmKernelOp(KernelOp):
    """A matrix product: a schedule and an epilogue."""

    CLAUSES: ClassVar = SCHEDULE_CLAUSES

    x = operand_def(TensorType)
    w = operand_def(TensorType)
    correction = opt_operand_def(TensorType)
    result = result_def(TensorType)
    epilogue = opt_region_def()
    schedule = opt_prop_def(ScheduleAttr)
    epilogue_schedule = opt_prop_def(EpilogueScheduleAttr)
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
