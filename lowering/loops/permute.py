"""A stage that copies a tensor with its dimensions in another order."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import MemRefType, TensorType
from xdsl.ir import SSAValue

from lowbit_dialect.layout import storage_type
from lowering.loops.buffers import Place
from lowering.loops.emit import Index
from lowering.loops.stage import FunctionLowering, Stage


def permute_stage(
    lowering: FunctionLowering,
    source: Place,
    shape: Sequence[int],
    permutation: Sequence[int],
    result: SSAValue,
) -> None:
    """Copy elements of `shape` at `source`; result dimension i is dimension permutation[i]."""
    assert isinstance(result.type, TensorType)
    storage = storage_type(result.type)
    extents = [shape[d] for d in permutation]

    def body(stage: Stage, low: SSAValue, high: SSAValue) -> None:
        data = stage.place(source, MemRefType(storage.element_type, shape))
        target = stage.memory(result, storage)

        def nest(indices: tuple[Index, ...]) -> None:
            dim = len(indices)
            if dim == len(extents):
                where = [indices[permutation.index(d)] for d in range(dim)]
                stage.emit.store(stage.emit.load(data, where), target, indices)
                return
            bounds: tuple[Index, Index] = (low, high) if dim == 1 else (0, extents[dim])
            stage.emit.loop(*bounds, lambda i: nest((*indices, i)))

        nest(())

    lowering.stage("permute", extents[1], body)
