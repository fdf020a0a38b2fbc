"""The function that a network is written into: its values, constants and results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, TensorType, f32, i8, i32
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint

from lowbit_dialect.arguments import integer
from lowbit_dialect.arrays import as_array
from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.constants import constant_tensor
from lowbit_dialect.layouts.packed import PackedAttr, byte_count
from lowbit_dialect.layouts.packed_syntax import PLANE
from lowbit_dialect.ops.pack import ConstantOp, UnpackOp, with_encoding
from lowbit_dialect.sums.ranges import SumRanges


def dense_layout(type_: TensorType) -> PackedAttr:
    """The layout of 8-bit words, packed along one dimension, that takes the fewest bytes."""
    rank = len(type_.get_shape())
    layouts = [PackedAttr.get(axis, 8, [PLANE, *range(rank)]) for axis in reversed(range(rank))]
    return min(layouts, key=lambda layout: byte_count(with_encoding(type_, layout)))


InputType: TypeAlias = TensorType | tuple[str | Attribute, Sequence[int]]
"""A tensor type, or an element and a shape: `("unipolar<2>", (1, 8, 8, 64))`."""

_NUMBERS = {"f32": f32, "i32": i32, "i8": i8}


def input_type(given: InputType, name: str) -> TensorType:
    """The type of an input.

    Args:
        given: a tensor type; or a code, `f32`, `i32` or `i8`, as text or attribute, and a shape.
        name: what messages call it.

    Raises:
        ValueError: it is neither, or the text is no code.
    """
    if isinstance(given, TensorType):
        return given
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != 2:
        raise ValueError(
            f"{name}: expected a TensorType, or an element and a shape, as ('unipolar<2>',"
            f" (1, 8, 8, 64)), got {given!r}"
        )
    element, shape = given
    if isinstance(element, str):
        try:
            element = _NUMBERS.get(element) or parse_code(element)
        except ValueError as error:
            raise ValueError(f"{name}: {error}, f32, i32, i8") from error
    if not isinstance(element, Attribute):
        raise ValueError(f"{name}: expected a code such as 'unipolar<2>', got {element!r}")
    if not isinstance(shape, Iterable) or isinstance(shape, str):
        raise ValueError(f"{name}: expected a shape such as (1, 8, 8, 64), got {shape!r}")
    return TensorType(element, [integer(extent, f"{name}: shape") for extent in shape])


class NetworkFunction:
    """One function, built from its inputs to its results; `inputs` are the arguments.

    Args:
        input_types: the type of each input, see `input_type`.
        name: of the function.
    """

    def __init__(self, *input_types: InputType, name: str = "main"):
        types = [input_type(given, f"input {i}") for i, given in enumerate(input_types)]
        if not isinstance(name, str):
            raise ValueError(f"name: expected a text, got {name!r}")
        self._function = func.FuncOp(name, (types, []))
        self._builder = Builder(InsertPoint.at_end(self._function.body.block))
        self._ranges = SumRanges()
        self._is_finished = False
        self.inputs: tuple[SSAValue, ...] = tuple(self._function.body.block.args)

    def _value(self, op: Operation) -> SSAValue:
        if self._is_finished:
            raise ValueError("the network is finished")
        return self._builder.insert(op).results[0]

    def weights(self, values: Any, code: str | Code, name: str = "weights") -> SSAValue:
        """Constant integers of a code, held packed in as few bytes as they take.

        Raises:
            ValueError: an element is not a value of the code.
        """
        array = as_array(values, name)
        type_ = TensorType(parse_code(code), array.shape)
        if not array.size or not array.ndim:
            raise ValueError(f"{name}: expected a dimension and elements, got {list(array.shape)}")
        packed = ConstantOp.from_values(array, with_encoding(type_, dense_layout(type_)), name)
        return self._value(UnpackOp.get(self._value(packed)))

    def constant(self, values: Any, name: str = "constant") -> SSAValue:
        """A constant tensor of i1 for booleans, of i32 for integers.

        Raises:
            ValueError: the numbers are neither, or i32 does not hold one.
        """
        return self._value(constant_tensor(values, name))

    def tensor(self, value: Any, name: str) -> SSAValue[TensorType]:
        """A value of this network.

        Raises:
            ValueError: it is something else, or belongs to another network; the message begins with
                `name`.
        """
        if not isinstance(value, SSAValue) or not isinstance(value.type, TensorType):
            raise ValueError(
                f"{name}: expected a tensor of the network, got {type(value).__name__}"
            )
        owner = value.owner
        block = owner if isinstance(owner, Block) else owner.parent
        if block is not self._function.body.block:
            raise ValueError(
                f"{name}: expected a tensor of the network, got one of another network"
            )
        return value

    def finish(self, *results: SSAValue) -> ModuleOp:
        """Return these values from the function: the verified module that holds it.

        Raises:
            ValueError: a result is no tensor of the network, or the network is finished already.
            VerifyException: an operation does not verify.
        """
        for i, result in enumerate(results):
            self.tensor(result, f"result {i}")
        if self._is_finished:
            raise ValueError("the network is finished")
        self._is_finished = True
        self._builder.insert(func.ReturnOp(*results))
        self._function.update_function_type()
        module = ModuleOp([self._function])
        module.verify()
        return module
