"""A tensor at the edge of a function, in C: its type, its numbers, and what these mean in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from lowbit_dialect.cached_property import cached_property
from lowbit_dialect.codes import Code, SignedType, UnipolarType
from lowbit_dialect.layouts.packed import PackedAttr, packed_layout
from lowbit_dialect.layouts.packed_syntax import PLANE
from runtime.signature import Signature
from runtime.tensor_spec import TensorSpec


@dataclass(frozen=True)
class CBuffer:
    """One argument of a C function: `input0`, `output0` and so on.

    Of a function that works in place an argument is called `array0`, read and written.
    """

    name: str
    spec: TensorSpec
    is_input: bool
    is_output: bool

    @property
    def element_type(self) -> str:
        """The C type of an element of the array."""
        return c_type(self.spec.dtype)

    @property
    def parameter(self) -> str:
        """Its declaration as a parameter."""
        return f"{'' if self.is_output else 'const '}{self.element_type} *{self.name}"

    @property
    def elements(self) -> int:
        """Elements of the array."""
        return prod(self.spec.storage_shape)

    @property
    def bytes(self) -> int:
        """Bytes of the array."""
        return self.elements * self.spec.dtype.itemsize

    @cached_property
    def code(self) -> Code | None:
        """The code of its elements, or None for those of C."""
        return self.spec.codec.code if self.spec.codec else None

    @property
    def meaning(self) -> list[str]:
        """What the array holds, in sentences."""
        spec, code = self.spec, self.code
        layout = packed_layout(spec.type) if spec.is_packed else None
        if code is None:
            note = ", each 0 or 1" if spec.dtype == np.bool_ else ""
            return [f"{_elements(spec.shape)} of {self.element_type}{note}."]
        if layout is None:
            return [f"{_elements(spec.shape)}, a byte each: {byte_meaning(code)}."]
        return [
            f"{_elements(spec.shape)} of {code}, packed in {_dims(spec.storage_shape)} words of"
            f" {self.element_type}.",
            *layout_sentences(layout, spec.shape),
            f"A pattern is {pattern_meaning(code)}."
            if not layout.bytes.data
            else f"The values of {code} are {code.describe_values()}.",
        ]


def c_type(dtype: np.dtype) -> str:
    """The C type of a numpy dtype."""
    if dtype.kind == "f":
        return {4: "float", 8: "double"}[dtype.itemsize]
    sign = "u" if dtype.kind in "ub" else ""
    return f"{sign}int{8 * dtype.itemsize}_t"


def buffers_of(signature: Signature) -> tuple[list[CBuffer], list[CBuffer]]:
    """The inputs and the outputs of a function, which are the same where it works in place."""
    if signature.in_place:
        arrays = [
            CBuffer(f"array{i}", spec, True, True) for i, spec in enumerate(signature.arguments)
        ]
        return arrays, arrays
    inputs = [CBuffer(f"input{i}", spec, True, False) for i, spec in enumerate(signature.arguments)]
    outputs = [CBuffer(f"output{i}", spec, False, True) for i, spec in enumerate(signature.results)]
    return inputs, outputs


def parameters_of(signature: Signature) -> list[CBuffer]:
    """The arrays that a function takes, each once."""
    inputs, outputs = buffers_of(signature)
    return list(dict.fromkeys([*inputs, *outputs]))


def byte_meaning(code: Code) -> str:
    """What the byte of an element that is not packed stands for."""
    if isinstance(code, UnipolarType | SignedType):
        return f"the value, {code.describe_values()} ({code})"
    return pattern_meaning(code)


def pattern_meaning(code: Code) -> str:
    """What a bit pattern stands for."""
    last = (1 << code.width) - 1
    if isinstance(code, UnipolarType):
        return f"the value, {code.describe_values()}"
    if isinstance(code, SignedType):
        return f"the value in two's complement, {code.describe_values()}"
    if code.affine is not None:
        return f"p in 0 .. {last} for the value 2 p - {last}, {code.describe_values()} ({code})"
    values = ", ".join(str(value) for value in code.values.tolist())
    return f"p in 0 .. {last} for number p, from 0, of the values {values} (codebook)"


def layout_sentences(layout: PackedAttr, shape: tuple[int, ...]) -> Iterator[str]:
    """A packed layout in words."""
    axis, word = layout.axis.data, layout.word_bits.data
    lane_dim, lanes = layout.lane_block
    names = []
    for dim in (d.data for d in layout.order):
        if dim == PLANE:
            names.append("bit plane")
        elif dim == axis:
            names.append(f"d{dim} in words")
        elif dim == lane_dim:
            names.append(f"d{dim} in blocks of {lanes}")
        else:
            names.append(f"d{dim}")
    if lane_dim >= 0:
        names.append(f"lane of d{lane_dim}")
    order = ", ".join(names)
    last = len(shape) - 1
    yield f"Dimensions of the array, slowest first: {order}; d0 .. d{last} are the tensor's."
    yield from _word_sentences(layout, axis, word)
    if lane_dim >= 0:
        yield f"Element i of d{lane_dim} is lane i % {lanes} of block i / {lanes}."
    if layout.groups.data != 1:
        cut = lane_dim if lane_dim >= 0 else axis
        yield (
            f"d{cut} is cut in {layout.groups.data} equal segments, each counted by itself, with"
            " words of its own."
        )
    frames = [(d, *layout.frame_of(d)) for d in range(len(shape)) if any(layout.frame_of(d))]
    for dim, before, after in frames:
        yield f"There are {before} zeros before and {after} after d{dim}."
    yield "Bits that belong to no element are zero, and must be so in an input."


def _word_sentences(layout: PackedAttr, axis: int, word: int) -> Iterator[str]:
    held, bits = layout.bytes.data, layout.bits.data
    if not held:
        yield (
            f"Bit k of word w is that of element {word} w + k along d{axis};"
            " bit plane p holds bit p of each pattern."
        )
    elif bits == 8:
        what = "the value, as int8_t" if held == "values" else "the number of the value"
        shifted = f", shifted left by {layout.shift.data} bits" if layout.shift.data else ""
        from_zero = "" if held == "values" else ", from 0 for the smallest"
        yield (
            f"Byte k of word w (little-endian) is element {word // 8} w + k along d{axis}:"
            f" {what}{from_zero}{shifted}."
        )
    else:
        count = word // 8
        yield (
            f"A word holds {word // bits} elements along d{axis}, the numbers of their values from"
            f" 0 for the smallest: element k in byte k % {count} (little-endian), from bit"
            f" {bits} (k / {count}) on."
        )
    if len(layout.index):
        index, register = layout.index_shape
        yield (
            f"Each word is cut in pieces of {index} bits, a byte each; byte k of a register of"
            f" {register} lanes belongs to lane k / 4 + {register // 4} (k % 4)."
        )


def _elements(shape: tuple[int, ...]) -> str:
    return f"{_dims(shape)} elements" if shape else "a single element"


def _dims(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
