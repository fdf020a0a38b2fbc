"""`#lowbit.channels`: plain tensors whose channels lie innermost, in whole blocks of lanes."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from xdsl.dialects.builtin import IntAttr, TensorType
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

FIELDS = {"lanes": 1, "groups": 1, "fill": 0}
"""The fields besides the axis, and their defaults."""


@irdl_attr_definition
class ChannelsAttr(ParametrizedAttribute):
    """The encoding of an unpacked tensor whose dimension `axis` lies innermost in memory.

    Parameters:
        axis: the dimension of the channels; the other dimensions keep their order.
        lanes: the channels of each group are filled up to a multiple of it.
        groups: equal groups that the channels are cut into.
        fill: the number in the places that belong to no channel.

    Numbers of i1 take 32 bits each, so that a kernel reads every table of parameters alike.

    Example: tensor<64x3xi32, #lowbit.channels<axis = 0, lanes = 16>> lies as 3x64xi32
    Example: tensor<1x5x4x4xi32, #lowbit.channels<axis = 1>> lies as 1x4x4x5xi32
    """

    name = "lowbit.channels"

    axis: IntAttr
    lanes: IntAttr
    groups: IntAttr
    fill: IntAttr

    @staticmethod
    def get(axis: int, lanes: int = 1, groups: int = 1, fill: int = 0) -> ChannelsAttr:
        """Build the attribute from plain integers."""
        return ChannelsAttr(IntAttr(axis), IntAttr(lanes), IntAttr(groups), IntAttr(fill))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        """Parse ``<axis = A, lanes = L, groups = G, fill = F>``, all but the first optional."""
        given = dict(FIELDS)
        with parser.in_angle_brackets():
            parser.parse_keyword("axis")
            parser.parse_punctuation("=")
            axis = parser.parse_integer(allow_boolean=False)
            while parser.parse_optional_punctuation(",") is not None:
                start = parser.pos
                field = parser.parse_identifier()
                if field not in FIELDS:
                    parser.raise_error(
                        f"#lowbit.channels: unknown field {field!r}; {', '.join(FIELDS)} are"
                        " allowed",
                        start,
                    )
                parser.parse_punctuation("=")
                given[field] = parser.parse_integer(allow_boolean=False)
        return [IntAttr(axis), *(IntAttr(given[name]) for name in FIELDS)]

    def print_parameters(self, printer: Printer) -> None:
        """Print the axis and the fields that differ from their defaults."""
        fields = [f"axis = {self.axis.data}"]
        for name, default in FIELDS.items():
            value: IntAttr = getattr(self, name)
            if value.data != default:
                fields.append(f"{name} = {value.data}")
        with printer.in_angle_brackets():
            printer.print_string(", ".join(fields))

    def verify(self) -> None:
        """Check everything that can be checked without a shape."""
        if self.axis.data < 0 or self.lanes.data < 1 or self.groups.data < 1:
            raise VerifyException(
                "#lowbit.channels: axis must not be negative, lanes and groups must be positive"
            )
        if not -(1 << 31) <= self.fill.data < 1 << 31:
            raise VerifyException(f"#lowbit.channels: fill = {self.fill.data} does not fit in i32")

    def physical_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Extents in memory of a tensor of this logical shape.

        Raises:
            VerifyException: there is no such dimension, or it cannot be cut into equal groups.
        """
        axis, groups = self.axis.data, self.groups.data
        if axis >= len(shape):
            raise VerifyException(f"#lowbit.channels: axis {axis} of {len(shape)} dimensions")
        if shape[axis] % groups:
            raise VerifyException(
                f"#lowbit.channels: {shape[axis]} channels cannot be cut into {groups} equal groups"
            )
        lanes = ceil(shape[axis] // groups / self.lanes.data) * self.lanes.data
        return (*shape[:axis], *shape[axis + 1 :], groups * lanes)


def channels_layout(type_: Attribute) -> ChannelsAttr | None:
    """The `#lowbit.channels` encoding of a tensor type, or None."""
    if isinstance(type_, TensorType) and isinstance(type_.encoding, ChannelsAttr):
        return type_.encoding
    return None


def without_channels(type_: Attribute) -> Attribute:
    """The tensor type without its `#lowbit.channels` encoding; any other type as it is."""
    if isinstance(type_, TensorType) and isinstance(type_.encoding, ChannelsAttr):
        return TensorType(type_.element_type, type_.get_shape())
    return type_
