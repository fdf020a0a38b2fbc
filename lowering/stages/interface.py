"""What the attributes of a function that launches stages say of its arguments, checked.

    func.func @main(%x: memref<4x8xi8>, %y: memref<4x2x2xi32>, %workspace: memref<127xi8>)
        attributes {lowbit.inputs = [tensor<4x8x!lowbit.unipolar<2>>], lowbit.outputs = [..],
                    lowbit.workspace = 127 : i64}

`lowbit-bufferize` writes inputs and outputs, `lowbit-plan-memory` the workspace, and
`lowbit-outline-stages` the stages, when it turns the arguments into bytes. A module may come from a
file at any of these points, and what does not fit would be read or written beyond its end.
"""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import func
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    IndexType,
    IntegerAttr,
    MemRefType,
    TensorType,
    i8,
)
from xdsl.ir import Attribute, Block
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.layout import memory_bytes, storage_type
from lowbit_dialect.ops.base import static_shape
from lowering.opt.diagnostics import fail

INPUTS, OUTPUTS = "lowbit.inputs", "lowbit.outputs"
WORKSPACE, STAGES = "lowbit.workspace", "lowbit.stages"

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


def workspace_bytes(function: func.FuncOp) -> int:
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
    stages = function.attributes.get(STAGES)
    if not isinstance(stages, DictionaryAttr):
        fail(function, f"{STAGES} must be a dictionary of functions and extents")
    index: list[Attribute] = [IndexType(), IndexType()]
    for name, extent in stages.data.items():
        if not isinstance(extent, IntegerAttr) or not 0 < extent.value.data < MAX_COUNT:
            fail(function, f"{STAGES}: the extent of {name} must be a positive number")
        stage = functions.get(name)
        if stage is None or list(stage.function_type.inputs.data) != [*expected, *index]:
            fail(
                function, f"{STAGES}: there is no function @{name} of its arguments and two bounds"
            )
