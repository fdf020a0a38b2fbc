"""What a compiled function takes and gives, and the parts it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType

from lowbit_dialect.cached_property import cached_property
from runtime.tensor_spec import TensorSpec, Value


@dataclass(frozen=True)
class Signature:
    """The interface of one lowered function (see `lowering.stages.outline_stages`).

    `stages` are the names and extents of the functions it calls in order, `workspace` the bytes of
    zeroed memory that it works in, at any address. Arguments and results are aligned to their
    elements.

    A function of memrefs works on its arguments in place (`in_place`): it has no results and no
    stages, and takes a workspace only where it allocates memory.
    """

    name: str
    arguments: tuple[TensorSpec, ...]
    results: tuple[TensorSpec, ...]
    workspace: int
    stages: tuple[tuple[str, int], ...]
    in_place: bool = False

    @property
    def takes_workspace(self) -> bool:
        """Whether a workspace is the last argument; a function of tensors takes an empty one."""
        return not self.in_place or self.workspace > 0

    @property
    def written(self) -> tuple[TensorSpec, ...]:
        """What a call writes: the results, or the arguments of a function that works in place."""
        return self.arguments if self.in_place else self.results

    @property
    def inputs(self) -> tuple[TensorType, ...]:
        """Types of the arguments."""
        return tuple(spec.type for spec in self.arguments)

    @property
    def outputs(self) -> tuple[TensorType, ...]:
        """Types of the results."""
        return tuple(spec.type for spec in self.results)

    def to_storages(self, inputs: Sequence[Any]) -> list[NDArray]:
        """The bytes of the arguments as the function reads them, see `TensorSpec.to_storage`.

        Raises:
            ValueError: there are more or fewer than the function takes, or one does not fit.
        """
        specs = self.arguments
        if len(inputs) != len(specs):
            raise ValueError(f"expected {len(specs)} inputs, got {len(inputs)}")
        return [
            spec.to_storage(value, name)
            for value, spec, name in zip(inputs, specs, self._input_names, strict=True)
        ]

    def from_storages(self, buffers: Sequence[NDArray]) -> Any:
        """What a caller gets of the results: a value, or a tuple where there are several."""
        values: list[Value] = [
            spec.from_storage(buffer) for spec, buffer in zip(self.results, buffers, strict=True)
        ]
        return values[0] if len(values) == 1 else tuple(values)

    @cached_property
    def _input_names(self) -> list[str]:
        return [f"input {i}" for i in range(len(self.arguments))]

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "name": self.name,
            "arguments": [spec.to_json() for spec in self.arguments],
            "results": [spec.to_json() for spec in self.results],
            "workspace": self.workspace,
            "stages": self.stages,
            "in_place": self.in_place,
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
            data["in_place"],
        )
