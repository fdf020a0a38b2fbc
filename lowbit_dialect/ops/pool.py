"""`lowbit.max_pool2d`: the largest value in each window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from numpy.typing import NDArray
from typing_extensions import override
from xdsl.dialects.builtin import StringAttr, TensorType
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.rewriter import Rewriter
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect import reference
from lowbit_dialect.codes import AffineCode
from lowbit_dialect.geometry import LAYOUTS, Window
from lowbit_dialect.kernel_layouts import result_layouts
from lowbit_dialect.layout import packed_layout
from lowbit_dialect.ops.base import (
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
from lowbit_dialect.ops.pack import with_encoding


@irdl_op_definition
class MaxPool2DOp(TensorOp):
    """Largest value of each window of low-bit activations; padding never wins.

    x (N, H, W, C), or (N, C, H, W) with layout nchw, has an affine code and is packed as the
    kernels read it or not at all; the result has the same code, and a packed one may have another
    frame.

    Clauses: kernel [h, w], strides [h, w], padding [top, bottom, left, right], each side smaller
    than the kernel.
    """

    name = "lowbit.max_pool2d"
    CLAUSES: ClassVar = (
        Clause("kernel", INTS),
        Clause("strides", INTS),
        Clause("padding", INTS, ints([0, 0, 0, 0])),
        Clause("layout", WORD, StringAttr("nhwc")),
    )

    x = operand_def(TensorType)
    result = result_def(TensorType)
    kernel = prop_def(INTS_PROPERTY)
    strides = prop_def(INTS_PROPERTY)
    padding = prop_def(INTS_PROPERTY)
    layout = prop_def(StringAttr)
    traits = traits_def(Pure())

    @classmethod
    def build_op(
        cls,
        operands: Sequence[SSAValue | Operation],
        result_types: Sequence[Attribute],
        regions: Sequence[Region] = (),
        **properties: Attribute | None,
    ) -> Self:
        """Create the operation; the window moves by its own size where strides are not given."""
        if properties.get("strides") is None:
            properties["strides"] = properties.get("kernel")
        return super().build_op(operands, result_types, regions, **properties)

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

    def verify_(self) -> None:
        """Check code, shapes, clauses and, where packed, the layouts."""
        code = code_of(self.x.type, "x")
        if not isinstance(code, AffineCode):
            raise VerifyException(f"max_pool2d takes affine codes, got {code}")
        if (self.result.type.get_shape(), self.result.type.element_type) != (
            self.result_shape,
            code,
        ):
            raise VerifyException(
                f"result must be {list(self.result_shape)} of {code}, got {self.result.type}"
            )
        packed, result = packed_layout(self.x.type), packed_layout(self.result.type)
        if (packed is None) != (result is None):
            raise VerifyException("x and result must both be packed or both not")
        static_shape(self.result.type, 4, "result")
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
        return reference.max_pool2d(
            operands[0],
            int_list(self.kernel),
            int_list(self.strides),
            int_list(self.padding),
            self.layout.data,
        )
