"""Windows of the convolutions and pools of a model: padding, strides and extents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.qonnx import NodeOp

MOST_EXTENT = 1 << 20
"""The largest number of padding, stride, dilation or kernel."""


@dataclass(frozen=True)
class Axis:
    """The windows along one dimension of an image.

    `after` is the padding behind the image and, behind that, the extension: the places of the
    last window of a pool with `ceil_mode` that lie beyond the padding. Averages never count them.
    """

    extent: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    out: int
    extension: int = 0

    @property
    def declared(self) -> int:
        """The padding behind the image."""
        return self.after - self.extension

    def counted(self, window: int) -> int:
        """How many places of a window lie on the image or on its padding."""
        start, end = window * self.stride - self.before, self.extent + self.declared
        return sum(start + tap * self.dilation < end for tap in range(self.kernel))


def windows(
    node: NodeOp, spatial: Sequence[int], kernel: Sequence[int] | None = None
) -> list[Axis]:
    """The windows of a node along each dimension of its image.

    Args:
        node: a convolution or a pool.
        spatial: the extents of the image.
        kernel: the extents of the filter, where they are those of the weights.

    Raises:
        PassFailedException: an attribute does not fit; the message names it.
    """
    rank = len(spatial)
    named = node.numbers("kernel_shape")
    if kernel is None:
        kernel = _list(node, "kernel_shape", rank, 1)
        if named is None:
            raise PassFailedException(f"{node.title}: attribute 'kernel_shape' is missing")
    elif named is not None and named != list(kernel):
        raise PassFailedException(
            f"{node.title}: attribute 'kernel_shape' is {named}, the weights have {list(kernel)}"
        )
    strides = _list(node, "strides", rank, 1)
    dilations = _list(node, "dilations", rank, 1)
    mode = node.word("auto_pad")
    pads = _list(node, "pads", 2 * rank, 0)
    is_ceil = "ceil_mode" in node.definition.attributes and node.int("ceil_mode")
    found = []
    for i, extent in enumerate(spatial):
        reach = dilations[i] * (kernel[i] - 1) + 1
        before, after, stride = pads[i], pads[i + rank], strides[i]
        if mode.startswith("SAME"):
            out = -(-extent // stride)
            total = max(0, (out - 1) * stride + reach - extent)
            before = total // 2 if mode == "SAME_UPPER" else -(-total // 2)
            after = total - before
        elif mode == "VALID":
            before = after = 0
        room = extent + before + after - reach
        if room < 0:
            raise PassFailedException(
                f"{node.title}: a window of {reach} does not fit in {before} + {extent} + {after}"
            )
        out, extension = room // stride + 1, 0
        if is_ceil and room % stride and out * stride < extent + before:
            # A window more, part of which lies behind the padding.
            extension = stride - room % stride
            out += 1
        axis = Axis(
            extent, kernel[i], stride, dilations[i], before, after + extension, out, extension
        )
        found.append(axis)
    return found


def _list(node: NodeOp, name: str, count: int, least: int) -> list[int]:
    default = 0 if name == "pads" else 1
    values = node.numbers(name)
    if values is None:
        return [default] * count
    if len(values) != count or min(values) < least or max(values) > MOST_EXTENT:
        raise PassFailedException(
            f"{node.title}: attribute {name!r} is {values}: expected {count} integers of"
            f" {least} .. {MOST_EXTENT}"
        )
    return values
