"""What functions of LLVM's dialect say of the memory that they take.

    func.func @main(%x: memref<128xi8>, %y: memref<128xi8>, %workspace: memref<1xi8>)
        attributes {lowbit.inputs = [tensor<4x8xi32>], lowbit.outputs = [..], ..}
->
    llvm.func @main(%x: !llvm.ptr, %y: !llvm.ptr, %workspace: !llvm.ptr)
        attributes {lowbit.inputs = ["tensor<4x8xi32>"], lowbit.outputs = [..], ..}

Types are text here, so that programs which do not know our dialect can read the module. A function
that works on arrays in place has `lowbit.memory = ["memref<4x8xi32>", ..]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from xdsl.context import Context
from xdsl.dialects import func, llvm
from xdsl.dialects.builtin import (
    ArrayAttr,
    Builtin,
    DictionaryAttr,
    IntegerAttr,
    IntegerType,
    MemRefType,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute
from xdsl.parser import Parser
from xdsl.utils.exceptions import ParseError, VerifyException

from lowbit_dialect.layouts.packed import byte_count, memory_bytes
from lowbit_dialect.lowbit import Lowbit
from lowbit_dialect.ops.base import static_shape
from lowering.stages.interface import (
    INPUTS,
    MEMORY,
    NO_STAGE,
    OUTPUTS,
    STAGES,
    WORKSPACE,
    in_place_attributes,
    is_array,
    is_callable_in_place,
    stage_extents,
    workspace_bytes,
)
from lowering.support.diagnostics import fail
from lowering.support.functions import Function

_Type = TypeVar("_Type", TensorType, MemRefType)


def interface_attributes(function: func.FuncOp) -> dict[str, Attribute]:
    """The attributes that keep the interface of a function, if it is one that a runtime calls."""
    if INPUTS in function.attributes:
        given = function.attributes
        return {name: _texts(given[name]) for name in (INPUTS, OUTPUTS)} | {
            name: given[name] for name in (WORKSPACE, STAGES)
        }
    if is_callable_in_place(function):
        found = in_place_attributes(function)
        return found | {MEMORY: _texts(found[MEMORY])}
    return {}


def _texts(types: Attribute | None) -> ArrayAttr:
    assert isinstance(types, ArrayAttr), "checked before"
    return ArrayAttr(StringAttr(str(type_)) for type_ in types.data)


def read_interface(
    function: llvm.FuncOp, functions: Mapping[str, Function]
) -> dict[str, Attribute]:
    """What `interface_attributes` left on a function, with types in place of their text.

    Raises:
        OpFailedException: it does not fit the arguments of the function or of its stages, of which
            no more is known than how many there are, and how many bytes they have at least.
    """
    if MEMORY in function.attributes:
        memory = _types(function, MEMORY, MemRefType)
        if not all(map(is_array, memory)):
            fail(function, f"{MEMORY}: expected memrefs of known shapes that numpy has arrays for")
        attributes: dict[str, Attribute] = {MEMORY: ArrayAttr(memory)}
        sizes = [*map(memory_bytes, memory)]
        if WORKSPACE in function.attributes:
            sizes.append(max(1, workspace_bytes(function)))
            attributes[WORKSPACE] = function.attributes[WORKSPACE]
        _check(function, sizes, 0)
        return attributes
    found = {name: _types(function, name, TensorType) for name in (INPUTS, OUTPUTS)}
    tensors = [type_ for types in found.values() for type_ in types]
    sizes = [_bytes_of(function, type_) for type_ in tensors]
    sizes.append(max(1, workspace_bytes(function)))
    _check(function, sizes, 0)
    for name in stage_extents(function):
        stage = functions.get(name)
        if not isinstance(stage, llvm.FuncOp):
            fail(function, NO_STAGE.format(STAGES, name))
        _check(stage, sizes, 2)
    kept = {name: function.attributes[name] for name in (WORKSPACE, STAGES)}
    return {name: ArrayAttr(types) for name, types in found.items()} | kept


def _bytes_of(function: llvm.FuncOp, type_: TensorType) -> int:
    try:
        static_shape(type_, None, str(type_))
    except VerifyException as error:
        fail(function, str(error))
    return byte_count(type_)


def _check(function: llvm.FuncOp, sizes: Sequence[int], bounds: int) -> None:
    """Refuse a function that does not take memory of some sizes, and bounds."""
    types = function.function_type.inputs.data
    memory = types[: len(sizes)]
    fits = len(types) == len(sizes) + bounds and isinstance(
        function.function_type.output, llvm.LLVMVoidType
    )
    fits = fits and all(isinstance(t, llvm.LLVMPointerType) for t in memory)
    fits = fits and all(isinstance(t, IntegerType) for t in types[len(sizes) :])
    attributes = list(function.arg_attrs or [DictionaryAttr({})] * len(types))
    if fits:
        for have, size in zip(attributes, sizes, strict=False):
            known = have.data.get("llvm.dereferenceable")
            fits = fits and (not isinstance(known, IntegerAttr) or known.value.data <= size)
    if not fits:
        listed = ", ".join(map(str, sizes))
        more = f" and {bounds} bounds" if bounds else ""
        fail(
            function,
            f"the attributes of its module ask for pointers to ({listed}) bytes{more}, and no"
            " result",
        )


def _types(function: llvm.FuncOp, name: str, kind: type[_Type]) -> list[_Type]:
    """The types that an attribute lists as text."""
    texts = function.attributes.get(name)
    if not isinstance(texts, ArrayAttr):
        fail(function, f"{name} must be an array of types as text")
    return [_parsed(function, name, text, kind) for text in texts.data]


def _parsed(function: llvm.FuncOp, name: str, text: Attribute, kind: type[_Type]) -> _Type:
    context = Context()
    context.load_dialect(Builtin)
    context.load_dialect(Lowbit)
    try:
        type_ = Parser(context, text.data).parse_type() if isinstance(text, StringAttr) else None
    except (ParseError, VerifyException, ValueError):
        type_ = None
    if not isinstance(type_, kind):
        fail(function, f"{name}: expected the text of a {kind.name}, got {text}")
    return type_
