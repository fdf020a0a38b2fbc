"""What the attributes of a function that launches stages say of its arguments, checked.

    func.func @main(%x: memref<4x8xi8>, %y: memref<4x2x2xi32>, %workspace: memref<127xi8>)
        attributes {lowbit.inputs = [tensor<4x8x!lowbit.unipolar<2>>], lowbit.outputs = [..],
                    lowbit.workspace = 127 : i64}

`lowbit-bufferize` writes inputs and outputs, `lowbit-plan-memory` the workspace, and
`lowbit-outline-stages` the stages, when it turns the arguments into bytes. A module may come from a
file at any of these points, and what does not fit would be read or written beyond its end.

A function of memrefs without these attributes works on its arguments in place; where it allocates
memory, `lowbit-plan-memory` gives it a workspace as the last argument.
"""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import func
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    NoneAttr,
    TensorType,
    i8,
)
from xdsl.ir import Attribute, Block
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.layouts.packed import memory_bytes, storage_type
from lowbit_dialect.ops.base import static_shape
from lowering.support.diagnostics import fail
from lowering.support.functions import Function, is_public

INPUTS, OUTPUTS = "lowbit.inputs", "lowbit.outputs"
WORKSPACE, STAGES = "lowbit.workspace", "lowbit.stages"
MEMORY = "lowbit.memory"
"""Attribute of a function of LLVM's dialect that works in place: its arguments as memrefs."""

MAX_COUNT = 1 << 62
"""More than any number of bytes or parts."""


def _tensors(function: func.FuncOp, name: str) -> list[TensorType]:
    types = function.attributes.get(name)
    if not isinstance(types, ArrayAttr):
        fail(function, f"{name} must be an array of tensor types")
    for type_ in types.data:
        try:
            static_shape(type_, None, str(type_))
        except VerifyException as error:
            fail(function, f"{name}: {error}")
    return list(types.data)  # pyright: ignore


def workspace_bytes(function: Function) -> int:
    """Bytes of the workspace."""
    count = function.attributes.get(WORKSPACE)
    if not isinstance(count, IntegerAttr) or not 0 <= count.value.data < MAX_COUNT:
        fail(function, f"{WORKSPACE} must be a number of bytes, got {count}")
    return count.value.data


def bytes_of(type_: MemRefType) -> MemRefType:
    """A memref of as many bytes."""
    return MemRefType(i8, [memory_bytes(type_)])


def _expected(function: func.FuncOp) -> list[MemRefType]:
    """The types of the arguments, as memory of the tensors; then the workspace."""
    types = [storage_type(t) for name in (INPUTS, OUTPUTS) for t in _tensors(function, name)]
    if WORKSPACE in function.attributes:
        types.append(MemRefType(i8, [max(1, workspace_bytes(function))]))
    return types


def _check_arguments(function: func.FuncOp, expected: list[MemRefType]) -> None:
    given, results = function.function_type.inputs.data, function.function_type.outputs.data
    if list(given) != expected or results:
        listed = ", ".join(map(str, expected))
        fail(function, f"its attributes ask for arguments of ({listed}) and no results")


def block_of(function: func.FuncOp) -> Block:
    """The only block of a function.

    Raises:
        OpFailedException: it has none, or several.
    """
    if len(function.body.blocks) != 1:
        fail(function, "stages, and functions that launch them, are one block")
    return function.body.blocks[0]


def check_launcher(function: func.FuncOp) -> None:
    """Check the arguments of a function at the level of stages.

    Raises:
        OpFailedException: they are not what its attributes say, or those are malformed.
    """
    block_of(function)
    _check_arguments(function, _expected(function))


def check_lowered(function: func.FuncOp, functions: Mapping[str, func.FuncOp]) -> None:
    """Check the arguments of a function at the level of loops, and of its stages.

    Raises:
        OpFailedException: they are not what its attributes say, or those are malformed.
    """
    workspace_bytes(function)
    *tensors, workspace = _expected(function)
    expected = [*map(bytes_of, tensors), workspace]
    _check_arguments(function, expected)
    index: list[Attribute] = [IndexType(), IndexType()]
    for name in stage_extents(function):
        stage = functions.get(name)
        if stage is None or list(stage.function_type.inputs.data) != [*expected, *index]:
            fail(function, NO_STAGE.format(STAGES, name))


NO_STAGE = "{}: there is no function @{} of its arguments and two bounds"


def stage_extents(function: Function) -> dict[str, int]:
    """The stages of a function at the level of loops or below, with their extents.

    Raises:
        OpFailedException: there are none, or an extent is not positive.
    """
    stages, extents = function.attributes.get(STAGES), dict[str, int]()
    if not isinstance(stages, DictionaryAttr):
        fail(function, f"{STAGES} must be a dictionary of functions and extents")
    for name, extent in stages.data.items():
        if not isinstance(extent, IntegerAttr) or not 0 < extent.value.data < MAX_COUNT:
            fail(function, f"{STAGES}: the extent of {name} must be a positive number")
        extents[name] = extent.value.data
    return extents


def is_callable_in_place(function: func.FuncOp) -> bool:
    """Whether a function takes nothing but arrays of known shapes, and is no part of another."""
    types = function.function_type
    if not is_public(function) or types.outputs.data or not types.inputs.data:
        return False
    return INPUTS not in function.attributes and all(map(is_array, types.inputs.data))


def in_place_attributes(function: func.FuncOp) -> dict[str, Attribute]:
    """The interface of a function that `is_callable_in_place`: its arrays, and its workspace.

    Raises:
        OpFailedException: its last argument is not the workspace that its attribute says.
    """
    types = function.function_type.inputs.data
    if WORKSPACE not in function.attributes:
        return {MEMORY: ArrayAttr(types)}
    expected = MemRefType(i8, [max(1, workspace_bytes(function))])
    if types[-1] != expected:
        fail(function, f"{WORKSPACE} asks for a last argument of {expected}")
    return {MEMORY: ArrayAttr(types[:-1]), WORKSPACE: function.attributes[WORKSPACE]}


def is_array(type_: Attribute) -> bool:
    """Whether a type is a memref that a contiguous array of numpy can be."""
    if not isinstance(type_, MemRefType) or not isinstance(type_.layout, NoneAttr):
        return False
    element = type_.element_type
    is_integer = isinstance(element, IntegerType) and element.width.data in (8, 16, 32, 64)
    is_known = is_integer or isinstance(element, Float32Type | Float64Type)
    return is_known and all(extent > 0 for extent in type_.get_shape())
