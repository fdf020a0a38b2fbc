"""The signatures of the functions of a lowered module.

Apart from `signature`, because reading modules takes imports that loading an object does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xdsl.dialects import llvm
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, ModuleOp, TensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute

from lowering.llvm.interface import read_interface
from lowering.stages.interface import (
    INPUTS,
    MEMORY,
    OUTPUTS,
    STAGES,
    WORKSPACE,
    check_lowered,
    in_place_attributes,
    is_callable_in_place,
)
from lowering.support.functions import functions_of, is_public
from runtime.signature import Signature
from runtime.tensor_spec import TensorSpec


def signature_of(name: str, attributes: Mapping[str, Any]) -> Signature:
    """The signature of a function by the attributes that say what it takes.

    They are those that `lowbit-outline-stages` leaves on it, or `lowbit.memory`.
    """
    if MEMORY in attributes:
        arguments = (TensorType(t.element_type, t.get_shape()) for t in attributes[MEMORY])
        specs = tuple(map(TensorSpec.of, arguments))
        workspace = attributes[WORKSPACE].value.data if WORKSPACE in attributes else 0
        return Signature(name, specs, (), workspace, (), in_place=True)
    stages: DictionaryAttr = attributes[STAGES]
    extents = ((stage, attr) for stage, attr in stages.data.items())
    return Signature(
        name,
        tuple(TensorSpec.of(t) for t in attributes[INPUTS]),
        tuple(TensorSpec.of(t) for t in attributes[OUTPUTS]),
        attributes[WORKSPACE].value.data,
        tuple((stage, attr.value.data) for stage, attr in extents if isinstance(attr, IntegerAttr)),
    )


def signatures(module: ModuleOp) -> list[Signature]:
    """Signatures of the public functions of a module at the level of loops, simd or llvm.

    Raises:
        OpFailedException: the attributes of one do not fit its arguments or its stages.
    """
    functions = functions_of(module)
    memrefs = {name: f for name, f in functions.items() if isinstance(f, FuncOp)}
    found: dict[str, Mapping[str, Attribute]] = {}
    for name, function in functions.items():
        if isinstance(function, llvm.FuncOp):
            is_called = INPUTS in function.attributes or MEMORY in function.attributes
            if is_called and is_public(function):
                found[name] = read_interface(function, functions)
        elif INPUTS in function.attributes:
            check_lowered(function, memrefs)
            found[name] = function.attributes
        elif is_callable_in_place(function):
            found[name] = in_place_attributes(function)
    return [signature_of(name, attributes) for name, attributes in found.items()]
