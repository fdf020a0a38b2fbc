"""What a compiled function takes and gives, and the parts it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, ModuleOp, TensorType
from xdsl.dialects.func import FuncOp

from runtime.tensor_spec import TensorSpec


@dataclass(frozen=True)
class Signature:
    """The interface of one lowered function (see `lowering.loops.buffers`).

    `stages` are the names and extents of the functions it calls in order, `workspace` the bytes of
    zeroed memory that it works in.
    """

    name: str
    arguments: tuple[TensorSpec, ...]
    results: tuple[TensorSpec, ...]
    workspace: int
    stages: tuple[tuple[str, int], ...]

    @property
    def inputs(self) -> tuple[TensorType, ...]:
        """Types of the arguments."""
        return tuple(spec.type for spec in self.arguments)

    @property
    def outputs(self) -> tuple[TensorType, ...]:
        """Types of the results."""
        return tuple(spec.type for spec in self.results)

    @staticmethod
    def of(function: FuncOp) -> Signature:
        """The signature that `lowbit-to-loops` left on a function."""
        attributes: dict[str, Any] = function.attributes
        stages: DictionaryAttr = attributes["lowbit.stages"]
        extents = ((name, attr) for name, attr in stages.data.items())
        return Signature(
            function.sym_name.data,
            tuple(TensorSpec.of(t) for t in attributes["lowbit.inputs"]),
            tuple(TensorSpec.of(t) for t in attributes["lowbit.outputs"]),
            attributes["lowbit.workspace"].value.data,
            tuple(
                (name, attr.value.data) for name, attr in extents if isinstance(attr, IntegerAttr)
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "name": self.name,
            "arguments": [spec.to_json() for spec in self.arguments],
            "results": [spec.to_json() for spec in self.results],
            "workspace": self.workspace,
            "stages": self.stages,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Signature:
        """The inverse of `to_json`."""
        return Signature(
            data["name"],
            tuple(TensorSpec.from_json(spec) for spec in data["arguments"]),
            tuple(TensorSpec.from_json(spec) for spec in data["results"]),
            data["workspace"],
            tuple((name, extent) for name, extent in data["stages"]),
        )


def signatures(module: ModuleOp) -> list[Signature]:
    """Signatures of the public functions of a module at the loops level."""
    return [
        Signature.of(op)
        for op in module.body.block.ops
        if isinstance(op, FuncOp) and "lowbit.inputs" in op.attributes
    ]
