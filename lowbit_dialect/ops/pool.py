"""`lowbit.max_pool2d` and `lowbit.avg_pool2d`: one value for each window of an image."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import ClassVar

from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import Float32Type, StringAttr, TensorType, UnitAttr, f32
from xdsl.ir import Attribute, Operation, SSAValue
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

from lowbit_dialect import reference
from lowbit_dialect.codes import AffineCode
from lowbit_dialect.geometry import LAYOUTS, Window
from lowbit_dialect.layouts.kernels import result_layouts
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.base import (
    FLAG,
    INTS,
    INTS_PROPERTY,
    WORD,
    Clause,
    TensorOp,
    code_of,
    int_list,
    ints,
    static_shape,
)
from lowbit_dialect.ops.contraction import conv_layout
from lowbit_dialect.ops.elementwise import ROUNDINGS
from lowbit_dialect.ops.pack import with_encoding

WINDOW_CLAUSES = (
    Clause("kernel", INTS),
    Clause("strides", INTS),
    Clause("padding", INTS, ints([0, 0, 0, 0])),
    Clause("layout", WORD, StringAttr("nhwc")),
)
"""The clauses of a pool."""


class PoolOp(TensorOp, ABC):
    """A value for each window of an image of low-bit activations or of f32, of the same type."""

    CLAUSES: ClassVar = WINDOW_CLAUSES

    x = operand_def(TensorType)
    result = result_def(TensorType)
    kernel = prop_def(INTS_PROPERTY)
    strides = prop_def(INTS_PROPERTY)
    padding = prop_def(INTS_PROPERTY)
    layout = prop_def(StringAttr)
    traits = traits_def(Pure())

    @classmethod
    @override
    def derive(cls, operands: Sequence[SSAValue], properties: dict[str, Attribute]) -> None:
        """The window moves by its own size where strides are not given."""
        if "strides" not in properties and "kernel" in properties:
            properties["strides"] = properties["kernel"]

    @property
    def windows(self) -> tuple[Window, Window]:
        """The windows over rows and columns."""
        shape = static_shape(self.x.type, 4, "x")
        _, h, w, _ = LAYOUTS[conv_layout(self)]
        kernel, strides, padding = (
            attr.get_values() for attr in (self.kernel, self.strides, self.padding)
        )
        if len(kernel) != 2 or len(strides) != 2 or len(padding) != 4:
            raise VerifyException("kernel and strides need 2 integers, padding 4")
        if min(kernel) < 1 or min(strides) < 1 or min(padding) < 0:
            raise VerifyException("kernel and strides must be positive, padding not negative")
        if max(padding[:2]) >= kernel[0] or max(padding[2:]) >= kernel[1]:
            raise VerifyException(
                f"padding {list(padding)} must be smaller than the kernel {list(kernel)},"
                " or a window holds no element"
            )
        rows = Window(shape[h], kernel[0], strides[0], padding[0], padding[1])
        cols = Window(shape[w], kernel[1], strides[1], padding[2], padding[3])
        if rows.out < 1 or cols.out < 1:
            raise VerifyException(
                f"kernel {list(kernel)} does not fit in {shape[h]}x{shape[w]}"
                f" with padding {list(padding)}"
            )
        return rows, cols

    @property
    def result_shape(self) -> tuple[int, ...]:
        """Logical shape of the result."""
        rows, cols = self.windows
        shape = list(static_shape(self.x.type, 4, "x"))
        _, h, w, _ = LAYOUTS[self.layout.data]
        shape[h], shape[w] = rows.out, cols.out
        return tuple(shape)

    @property
    def is_float(self) -> bool:
        """Whether elements are f32."""
        assert isinstance(self.x.type, TensorType)
        return self.x.type.element_type == f32

    def verify_result(self) -> None:
        """Check that elements are f32 or of an affine code, and element and shape of the result."""
        assert isinstance(self.x.type, TensorType)
        code = f32 if self.is_float else code_of(self.x.type, "x")
        if not isinstance(code, AffineCode | Float32Type):
            raise VerifyException(f"{self.name.split('.')[1]} takes affine codes, got {code}")
        if (self.result.type.get_shape(), self.result.type.element_type) != (
            self.result_shape,
            code,
        ):
            raise VerifyException(
                f"result must be {list(self.result_shape)} of {code}, got {self.result.type}"
            )
        static_shape(self.result.type, 4, "result")


@irdl_op_definition
class MaxPool2DOp(PoolOp):
    """Largest value of each window; padding never wins, and a NaN does.

    x (N, H, W, C), or (N, C, H, W) with layout nchw, is of f32, or has an affine code and is
    packed as the kernels read it or not at all; the result has the same elements, and a packed one
    may have another frame.

    Clauses: kernel [h, w], strides [h, w], padding [top, bottom, left, right], each side smaller
    than the kernel.
    """

    name = "lowbit.max_pool2d"

    @staticmethod
    def get(
        x: SSAValue | Operation,
        kernel: Sequence[int],
        strides: Sequence[int] | None = None,
        padding: Sequence[int] = (0, 0, 0, 0),
        layout: str = "nhwc",
    ) -> MaxPool2DOp:
        """Build the op, its result type inferred (without a frame where packed)."""
        x = SSAValue.get(x)
        clauses = {
            "kernel": ints(kernel),
            "strides": ints(strides or kernel),
            "padding": ints(padding),
            "layout": StringAttr(layout),
        }
        op = MaxPool2DOp.build_op([x], [x.type], **clauses)
        assert isinstance(x.type, TensorType)
        packed = packed_layout(x.type)
        type_ = with_encoding(
            TensorType(x.type.element_type, op.result_shape),
            packed.with_frame(()) if packed is not None else None,
        )
        Rewriter.replace_value_with_new_type(op.result, type_)
        return op

    def verify_(self) -> None:
        """Check code, shapes, clauses and, where packed, the layouts."""
        self.verify_result()
        packed, result = packed_layout(self.x.type), packed_layout(self.result.type)
        if (packed is None) != (result is None):
            raise VerifyException("x and result must both be packed or both not")
        for layout in (packed, result):
            if layout is None:
                continue
            allowed = result_layouts(self.layout.data, layout.word_bits.data, layout.groups.data)
            if layout.with_frame(()) not in allowed:
                raise VerifyException(
                    f"max_pool2d reads rows of words, {allowed[0]}, or bytes, {allowed[1]},"
                    f" got {layout}"
                )
        if packed is not None and result is not None and packed.bytes != result.bytes:
            raise VerifyException("x and result must both hold words of bits or both bytes")
        if packed is not None and result is not None and packed.word_bits != result.word_bits:
            raise VerifyException("x and result must have words of the same width")

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        pool = reference.float_max_pool2d if self.is_float else reference.max_pool2d
        kernel, strides, padding = map(int_list, (self.kernel, self.strides, self.padding))
        return pool(operands[0], kernel, strides, padding, self.layout.data)


AVERAGE_ROUNDINGS = (*ROUNDINGS, "floor")

MAX_AVERAGED = 1 << 22
"""Elements of a window whose sums, and twice these, fit in i32."""

MAX_COUNTS = 1 << 16
"""Elements of a window whose count is not always the same: there is a table of them."""


@irdl_op_definition
class AvgPool2DOp(PoolOp):
    """Average of each window, of a code rounded to an integer.

    x (N, H, W, C), or (N, C, H, W) with layout nchw, is of f32, or has a unipolar or signed code
    (averages of odd numbers are not all odd) and is not packed; the result has the same elements.
    The sum over a window of a code is exact, and so is the choice of the integer next to sum /
    count. `round` is half_even, half_up (towards +inf), half_away (from zero) or floor. Sums of f32
    are made in f32, row by row of the window, and are not rounded to integers.

    Clauses: kernel [h, w], which is the whole image where not given (global pooling); strides, the
    kernel where not given; padding [top, bottom, left, right], each side smaller than the kernel.
    An element of the padding is not counted, or with `count_padding` counted as 0.
    """

    name = "lowbit.avg_pool2d"
    CLAUSES: ClassVar = (
        Clause("kernel", INTS, derived="the extents of the image"),
        *WINDOW_CLAUSES[1:],
        Clause("round", WORD, StringAttr("half_even")),
        Clause("count_padding", FLAG),
    )

    round = prop_def(StringAttr)
    count_padding = opt_prop_def(UnitAttr)

    @classmethod
    @override
    def derive(cls, operands: Sequence[SSAValue], properties: dict[str, Attribute]) -> None:
        """The window is the whole image where no kernel is given."""
        x, layout = operands[0].type if operands else None, properties.get("layout")
        name = layout.data if isinstance(layout, StringAttr) else ""
        shape = x.get_shape() if isinstance(x, TensorType) else ()
        if "kernel" not in properties and name in LAYOUTS and len(shape) == 4:
            _, h, w, _ = LAYOUTS[name]
            properties["kernel"] = ints([shape[h], shape[w]])
        super().derive(operands, properties)

    @staticmethod
    def get(
        x: SSAValue | Operation,
        kernel: Sequence[int] | None = None,
        strides: Sequence[int] | None = None,
        padding: Sequence[int] = (0, 0, 0, 0),
        layout: str = "nhwc",
        rounding: str = "half_even",
        count_padding: bool = False,
    ) -> AvgPool2DOp:
        """Build the op, its result type inferred; the average of the image without a kernel."""
        x = SSAValue.get(x)
        op = AvgPool2DOp.build_op(
            [x],
            [x.type],
            kernel=ints(kernel) if kernel else None,
            strides=ints(strides) if strides else None,
            padding=ints(padding),
            layout=StringAttr(layout),
            round=StringAttr(rounding),
            count_padding=UnitAttr() if count_padding else None,
        )
        assert isinstance(x.type, TensorType)
        type_ = TensorType(x.type.element_type, op.result_shape)
        Rewriter.replace_value_with_new_type(op.result, type_)
        return op

    def verify_(self) -> None:
        """Check code, shapes, clauses and the size of the window."""
        if packed_layout(self.x.type) is not None or packed_layout(self.result.type) is not None:
            raise VerifyException("x and result must not be packed; use lowbit.unpack")
        self.verify_result()
        assert isinstance(self.x.type, TensorType)
        code = self.x.type.element_type
        if isinstance(code, AffineCode) and code.affine.alpha:
            raise VerifyException("x cannot be bipolar: averages are not all odd")
        if self.round.data not in AVERAGE_ROUNDINGS:
            raise VerifyException(
                f"round {self.round.data!r}: {', '.join(AVERAGE_ROUNDINGS)} are allowed"
            )
        rows, cols = self.windows
        is_constant = self.count_padding is not None or not (rows.is_padded or cols.is_padded)
        most = MAX_AVERAGED if is_constant else MAX_COUNTS
        if rows.taps * cols.taps > most:
            where = "" if is_constant else " where those of the padding are not counted"
            raise VerifyException(
                f"kernel {int_list(self.kernel)} holds more than {most} elements{where}"
            )

    @override
    def evaluate(self, *operands: NDArray) -> NDArray:
        kernel, strides, padding = map(int_list, (self.kernel, self.strides, self.padding))
        x, layout, counts_padding = operands[0], self.layout.data, self.count_padding is not None
        if self.is_float:
            return reference.float_avg_pool2d(x, kernel, strides, padding, layout, counts_padding)
        return reference.avg_pool2d(
            x, kernel, strides, padding, layout, self.round.data, counts_padding
        )
