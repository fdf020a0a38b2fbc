"""What a compiled function takes and gives, and the parts it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    DictionaryAttr,
    Float32Type,
    Float64Type,
    IntegerAttr,
    IntegerType,
    MemRefType,
    ModuleOp,
    NoneAttr,
    TensorType,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute

from lowbit_dialect.cached_property import cached_property
from lowering.stages.interface import INPUTS, check_lowered
from runtime.tensor_spec import TensorSpec, Value


@dataclass(frozen=True)
class Signature:
    """The interface of one lowered function (see `lowering.stages.outline_stages`).

    `stages` are the names and extents of the functions it calls in order, `workspace` the bytes of
    zeroed memory that it works in, at any address. Arguments and results are aligned to their
    elements.

    A function of memrefs works on its arguments in place (`in_place`): it has no results, no
    workspace and no stages.
    """

    name: str
    arguments: tuple[TensorSpec, ...]
    results: tuple[TensorSpec, ...]
    workspace: int
    stages: tuple[tuple[str, int], ...]
    in_place: bool = False

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

    @staticmethod
    def of(function: FuncOp) -> Signature:
        """The signature that `lowbit-outline-stages` left on a function."""
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

    @staticmethod
    def of_memory(function: FuncOp) -> Signature:
        """The signature of a function of memrefs that `is_callable_in_place`."""
        types = [_tensor_of(type_) for type_ in function.function_type.inputs.data]
        arguments = tuple(map(TensorSpec.of, types))
        return Signature(function.sym_name.data, arguments, (), 0, (), in_place=True)

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


def signatures(module: ModuleOp) -> list[Signature]:
    """Signatures of the public functions of a module at the loops level.

    Raises:
        OpFailedException: the attributes of one do not fit its arguments or its stages.
    """
    functions = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, FuncOp)}
    found = [function for function in functions.values() if INPUTS in function.attributes]
    for function in found:
        check_lowered(function, functions)
    stages = {
        name
        for function in found
        for name in function.attributes["lowbit.stages"].data  # pyright: ignore
    }
    return [
        Signature.of(function) if INPUTS in function.attributes else Signature.of_memory(function)
        for name, function in functions.items()
        if INPUTS in function.attributes or (name not in stages and is_callable_in_place(function))
    ]


def is_callable_in_place(function: FuncOp) -> bool:
    """Whether a function takes nothing but arrays of known shapes, and is no part of another."""
    is_private = function.sym_visibility is not None and function.sym_visibility.data == "private"
    types = function.function_type
    if is_private or function.is_declaration or types.outputs.data or not types.inputs.data:
        return False
    return all(map(_is_array, types.inputs.data))


def _is_array(type_: Attribute) -> bool:
    if not isinstance(type_, MemRefType) or not isinstance(type_.layout, NoneAttr):
        return False
    element = type_.element_type
    is_integer = isinstance(element, IntegerType) and element.width.data in (8, 16, 32, 64)
    is_known = is_integer or isinstance(element, Float32Type | Float64Type)
    return is_known and all(extent > 0 for extent in type_.get_shape())


def _tensor_of(type_: Attribute) -> TensorType:
    assert isinstance(type_, MemRefType)
    return TensorType(type_.element_type, type_.get_shape())
