"""Nodes that compute in floating point, because no integers stand for what they read."""

from __future__ import annotations

from xdsl.utils.exceptions import PassFailedException

from lowbit_dialect.qonnx import NodeOp
from lowering.importers.conversion import Conversion
from lowering.importers.values import Value


def float_node(conversion: Conversion, node: NodeOp, why: str) -> Value:
    """The result of a node in f32.

    Args:
        conversion: what is known.
        node: any node whose operator has an operation on floats.
        why: what keeps it from integers, for the report.

    Raises:
        PassFailedException: its operator has none.
    """
    raise PassFailedException(f"{node.title}: it stays in floating point: {why}")
