"""Dialects of xDSL with operations that MLIR has and xDSL lacks, or defines otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Dialect, Operation


def extended(dialect: Dialect, operations: Sequence[type[Operation]]) -> Dialect:
    """A dialect with more operations; those of the same name are in place of its own."""
    names = {op.name for op in operations}
    kept = [op for op in dialect.operations if op.name not in names]
    return Dialect(dialect.name, [*kept, *operations], list(dialect.attributes))
