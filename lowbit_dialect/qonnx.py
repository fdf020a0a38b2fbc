"""The `qonnx` dialect: a model of ONNX or QONNX as it is in its file, node by node.

%w = qonnx.constant dense<..> : tensor<8x3x3x3xf32> named "conv.weight"
%y = qonnx.node "Conv"(%x, %w) {strides = array<i64: 2, 2>} named "Conv_3"
   : (tensor<1x3x8x8xf32>, tensor<8x3x3x3xf32>) -> !qonnx.unknown
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    BytesAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    Signedness,
    StringAttr,
    TensorType,
    f32,
    f64,
    i1,
    i64,
)
from xdsl.ir import (
    Attribute,
    Dialect,
    Operation,
    ParametrizedAttribute,
    SSAValue,
    TypeAttribute,
)
from xdsl.irdl import (
    IRDLOperation,
    irdl_attr_definition,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.onnx_operators import OPERATORS, AttributeKind, Operator

DTYPES: dict[np.dtype, Attribute] = {
    np.dtype(np.float32): f32,
    np.dtype(np.float64): f64,
    np.dtype(np.bool_): i1,
    **{np.dtype(f"i{size}"): IntegerType(8 * size) for size in (1, 2, 4, 8)},
    **{np.dtype(f"u{size}"): IntegerType(8 * size, Signedness.UNSIGNED) for size in (1, 2, 4, 8)},
}
"""Element types of the tensors of a model."""

NARROW: dict[Attribute, np.dtype] = {
    IntegerType(bits, sign): np.dtype(dtype)
    for bits in (2, 4)
    for sign, dtype in ((Signedness.SIGNLESS, np.int8), (Signedness.UNSIGNED, np.uint8))
}
"""Element types of fewer bits than a byte, and the dtypes of arrays of their numbers."""

_TO_DTYPE = {type_: dtype for dtype, type_ in DTYPES.items()} | NARROW


@irdl_attr_definition
class UnknownType(ParametrizedAttribute, TypeAttribute):
    """A tensor whose element type or shape is not known yet, or an input that is left out."""

    name = "qonnx.unknown"


UNKNOWN = UnknownType()


def dtype_of(type_: Attribute) -> np.dtype:
    """The dtype of arrays of an element type.

    Raises:
        VerifyException: models have no such elements.
    """
    dtype = _TO_DTYPE.get(type_)
    if dtype is None:
        raise VerifyException(f"tensors of {type_} are not supported")
    return dtype


def array_attribute(array: NDArray, element: Attribute | None = None) -> DenseIntOrFPElementsAttr:
    """An array as an attribute, of another element type than its dtype's where one is given."""
    element = DTYPES[array.dtype] if element is None else element
    type_ = TensorType(element, array.shape)
    data = array.astype(np.int8) * -1 if element == i1 else array
    image = BytesAttr(np.ascontiguousarray(data).tobytes())
    return DenseIntOrFPElementsAttr(type_, image)  # pyright: ignore


def attribute_array(attr: DenseIntOrFPElementsAttr) -> NDArray:
    """The array of an attribute."""
    dtype = dtype_of(attr.get_element_type())
    shape = attr.get_shape()
    count = int(np.prod(shape, dtype=np.int64))
    if dtype == np.bool_:
        return np.array(attr.get_values(), np.int64).reshape(shape) != 0
    data = np.frombuffer(attr.data.data, dtype)
    if len(data) != count:  # a splat
        data = np.broadcast_to(data[:1], (count,))
    return data.reshape(shape)


def _parse_label(parser: Parser) -> StringAttr | None:
    return (
        StringAttr(parser.parse_str_literal()) if parser.parse_optional_keyword("named") else None
    )


def _print_label(printer: Printer, label: StringAttr | None) -> None:
    if label is not None:
        printer.print_string(" named ")
        printer.print_string_literal(label.data)


@irdl_op_definition
class ConstantOp(IRDLOperation):
    """A constant of a model: an initializer, or what was computed of others."""

    name = "qonnx.constant"

    value = prop_def(DenseIntOrFPElementsAttr)
    label = opt_prop_def(StringAttr)
    result = result_def(TensorType)
    traits = traits_def(Pure())

    @staticmethod
    def get(
        array: NDArray, label: str | None = None, element: Attribute | None = None
    ) -> ConstantOp:
        """Build the op from an array."""
        value = array_attribute(array, element)
        properties: dict[str, Attribute] = {"value": value}
        if label is not None:
            properties["label"] = StringAttr(label)
        return ConstantOp.create(properties=properties, result_types=[value.type])

    @property
    def array(self) -> NDArray:
        """The elements."""
        return attribute_array(self.value)

    def verify_(self) -> None:
        """Check the type."""
        dtype_of(self.value.get_element_type())
        if self.result.type != self.value.type:
            raise VerifyException(f"the result must be {self.value.type}, got {self.result.type}")

    @classmethod
    def parse(cls, parser: Parser) -> ConstantOp:
        """Parse the elements and the name."""
        value = parser.parse_attribute()
        if not isinstance(value, DenseIntOrFPElementsAttr):
            parser.raise_error("expected dense<..> : tensor<..>")
        properties: dict[str, Attribute] = {"value": value}
        label = _parse_label(parser)
        if label is not None:
            properties["label"] = label
        return ConstantOp.create(properties=properties, result_types=[value.type])

    def print(self, printer: Printer) -> None:
        """Print the elements and the name."""
        printer.print_string(" ")
        printer.print_attribute(self.value)
        _print_label(printer, self.label)


@irdl_op_definition
class AbsentOp(IRDLOperation):
    """An optional input that a node leaves out ahead of others."""

    name = "qonnx.absent"
    assembly_format: ClassVar = "attr-dict"

    result = result_def(UnknownType)
    traits = traits_def(Pure())

    def __init__(self) -> None:
        super().__init__(result_types=[UNKNOWN])


_KINDS: dict[str, tuple[type[Attribute], ...]] = {
    "int": (IntegerAttr,),
    "float": (FloatAttr,),
    "string": (StringAttr,),
    "ints": (DenseArrayBase,),
    "floats": (DenseArrayBase,),
    "tensor": (DenseIntOrFPElementsAttr,),
}


@irdl_op_definition
class NodeOp(IRDLOperation):
    """A node of a model: an operator of ONNX or QONNX, its inputs and its attributes.

    `operator` is its name, `domain` its domain where that is not ONNX's, `label` the name of the
    node, `version` that of the operator set it belongs to. Its attributes are those of the node;
    an attribute that is not given has ONNX's default. A result that is used nowhere may be left
    out at the end.
    """

    name = "qonnx.node"

    inputs = var_operand_def()
    outputs = var_result_def()
    operator = prop_def(StringAttr)
    domain = opt_prop_def(StringAttr)
    label = opt_prop_def(StringAttr)
    version = opt_prop_def(IntegerAttr)
    traits = traits_def(Pure())

    @staticmethod
    def get(
        operator: str,
        inputs: Sequence[SSAValue | Operation],
        result_types: Sequence[Attribute] = (UNKNOWN,),
        attributes: Mapping[str, Attribute] | None = None,
        *,
        domain: str = "",
        label: str = "",
        version: int = 0,
    ) -> NodeOp:
        """Build the op."""
        properties: dict[str, Attribute] = {"operator": StringAttr(operator)}
        if domain:
            properties["domain"] = StringAttr(domain)
        if label:
            properties["label"] = StringAttr(label)
        if version:
            properties["version"] = IntegerAttr(version, i64)
        return NodeOp.create(
            operands=[SSAValue.get(value) for value in inputs],
            result_types=list(result_types),
            properties=properties,
            attributes=dict(attributes or {}),
        )

    @property
    def definition(self) -> Operator:
        """What is known of the operator."""
        return OPERATORS[self.operator.data]

    @property
    def title(self) -> str:
        """What messages call the node."""
        label = f" {self.label.data!r}" if self.label is not None else ""
        return f"node{label} ({self.operator.data})"

    @property
    def version_number(self) -> int:
        """The version of the operator set, 0 where it is not known."""
        return 0 if self.version is None else self.version.value.data

    def input(self, index: int) -> SSAValue | None:
        """An input, or None where it is left out."""
        if index >= len(self.inputs) or isinstance(self.inputs[index].owner, AbsentOp):
            return None
        return self.inputs[index]

    def has(self, name: str) -> bool:
        """Whether an attribute is given."""
        return name in self.attributes

    def int(self, name: str) -> int:
        """The value of an attribute that is an integer."""
        attr = self.attributes.get(name)
        if isinstance(attr, IntegerAttr):
            return attr.value.data
        default = self.definition.default(name)
        if not isinstance(default, int):
            raise VerifyException(f"{self.title}: attribute {name!r} is missing")
        return default

    def float(self, name: str) -> float:
        """The value of an attribute that is a number, exactly as its f32."""
        attr = self.attributes.get(name)
        value = attr.value.data if isinstance(attr, FloatAttr) else self.definition.default(name)
        if not isinstance(value, int | float):
            raise VerifyException(f"{self.title}: attribute {name!r} is missing")
        return float(np.float32(value))

    def word(self, name: str) -> str:
        """The value of an attribute that is a text."""
        attr = self.attributes.get(name)
        return attr.data if isinstance(attr, StringAttr) else str(self.definition.default(name))

    def numbers(self, name: str) -> list | None:
        """The value of an attribute that is a list, or None where it is not given."""
        attr = self.attributes.get(name)
        return list(attr.get_values()) if isinstance(attr, DenseArrayBase) else None

    def verify_(self) -> None:
        """Check the operator, the number of inputs and results, and the attributes."""
        definition = OPERATORS.get(self.operator.data)
        if definition is None:
            raise VerifyException(f"{self.title}: operator {self.operator.data!r} is not supported")
        if not definition.least <= len(self.inputs) <= definition.most:
            raise VerifyException(
                f"{self.title}: {len(self.inputs)} inputs, expected {definition.least}"
                + (f" .. {definition.most}" if definition.most > definition.least else "")
            )
        if not 1 <= len(self.outputs) <= definition.outputs:
            raise VerifyException(
                f"{self.title}: {len(self.outputs)} outputs, expected at most {definition.outputs}"
            )
        for name, attr in self.attributes.items():
            kind = definition.attributes.get(name)
            if kind is None:
                raise VerifyException(
                    f"{self.title}: attribute {name!r} is unknown; allowed:"
                    f" {', '.join(definition.attributes) or 'none'}"
                )
            self._verify_attribute(name, attr, kind)

    def _verify_attribute(self, name: str, attr: Attribute, kind: AttributeKind) -> None:
        if not isinstance(attr, _KINDS[kind.kind]):
            raise VerifyException(f"{self.title}: attribute {name!r} must be {kind.kind}")
        if isinstance(attr, DenseArrayBase) and (attr.elt_type == i64) != (kind.kind == "ints"):
            raise VerifyException(f"{self.title}: attribute {name!r} must be {kind.kind}")
        value = attr.value.data if isinstance(attr, IntegerAttr) else getattr(attr, "data", None)
        if kind.allowed and value not in kind.allowed:
            raise VerifyException(
                f"{self.title}: attribute {name!r} is {value!r}, allowed:"
                f" {', '.join(map(str, kind.allowed))}"
            )

    @classmethod
    def parse(cls, parser: Parser) -> NodeOp:
        """Parse the operator, inputs, attributes, names and types."""
        operator = parser.parse_str_literal()
        unresolved = parser.parse_comma_separated_list(
            parser.Delimiter.PAREN, parser.parse_unresolved_operand
        )
        domain = parser.parse_str_literal() if parser.parse_optional_keyword("domain") else ""
        version = parser.parse_integer() if parser.parse_optional_keyword("version") else 0
        attributes = parser.parse_optional_attr_dict()
        label = _parse_label(parser)
        parser.parse_punctuation(":")
        types = parser.parse_function_type()
        return NodeOp.get(
            operator,
            parser.resolve_operands(unresolved, types.inputs.data, parser.pos),
            types.outputs.data,
            attributes,
            domain=domain,
            label="" if label is None else label.data,
            version=version,
        )

    def print(self, printer: Printer) -> None:
        """Print the operator, inputs, attributes, names and types."""
        printer.print_string(" ")
        printer.print_string_literal(self.operator.data)
        with printer.in_parens():
            printer.print_list(self.inputs, printer.print_operand)
        if self.domain is not None:
            printer.print_string(" domain ")
            printer.print_string_literal(self.domain.data)
        if self.version is not None:
            printer.print_string(f" version {self.version.value.data}")
        printer.print_op_attributes(self.attributes)
        _print_label(printer, self.label)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)


Qonnx = Dialect("qonnx", [AbsentOp, ConstantOp, NodeOp], [UnknownType])
"""The dialect."""
