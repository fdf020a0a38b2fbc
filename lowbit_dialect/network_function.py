"""The function that a network is written into: its values, constants and results."""

from __future__ import annotations

from typing import Any

from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint

from lowbit_dialect.arrays import as_array
from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.constants import constant_tensor
from lowbit_dialect.layout import PLANE, PackedAttr, byte_count
from lowbit_dialect.ops.pack import ConstantOp, UnpackOp, with_encoding
from lowbit_dialect.sum_range import SumRanges


def dense_layout(type_: TensorType) -> PackedAttr:
    """The layout of 8-bit words, packed along one dimension, that takes the fewest bytes."""
    rank = len(type_.get_shape())
    layouts = [PackedAttr.get(axis, 8, [PLANE, *range(rank)]) for axis in reversed(range(rank))]
    return min(layouts, key=lambda layout: byte_count(with_encoding(type_, layout)))


class NetworkFunction:
    """One function, built from its inputs to its results; `inputs` are the arguments.

    Args:
        input_types: a tensor type for each input.
        name: of the function.
    """

    def __init__(self, *input_types: TensorType, name: str = "main"):
        for i, type_ in enumerate(input_types):
            if not isinstance(type_, TensorType):
                raise ValueError(
                    f"input {i}: expected a TensorType, as TensorType(parse_code('unipolar<2>'),"
                    f" [1, 8, 8, 64]), got {type_!r}"
                )
        if not isinstance(name, str):
            raise ValueError(f"name: expected a text, got {name!r}")
        self._function = func.FuncOp(name, (list(input_types), []))
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
