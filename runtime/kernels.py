"""One-call kernels for experiments: conv2d, matmul, bitpack, unpack on arrays of values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint
from xdsl.utils.exceptions import PassFailedException, VerifyException

from lowbit_dialect.arguments import Pair, Sides, integer, layout_name, pair, sides
from lowbit_dialect.arrays import as_array
from lowbit_dialect.codes import Code, parse_code
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.layouts.packed_array import PackedArray
from lowbit_dialect.ops.contraction import Conv2DOp, MatmulOp, conv_clauses
from lowbit_dialect.ops.pack import BitpackOp, UnpackOp
from lowering.record_sources import SHIPPED_RECORDS, digest
from lowering.strategies import check_strategy
from lowering.targets import get_target
from runtime.compiler import compile
from runtime.executable import Executable, thread_count
from runtime.remember import remember


def _integers(value: Any, rank: int, name: str) -> NDArray:
    array = as_array(value, name)
    if array.dtype.kind not in "iub":
        raise ValueError(f"{name}: expected integers, got dtype {array.dtype}")
    if array.ndim != rank or not array.size:
        raise ValueError(
            f"{name}: expected {rank} dimensions, none of them empty, got shape {list(array.shape)}"
        )
    return array


def single_op_module(inputs: Sequence[Attribute], build: Any, name: str = "main") -> ModuleOp:
    """A module with one function of these inputs that returns what `build(*inputs)` makes.

    Raises:
        ValueError: the operation does not verify.
    """
    function = func.FuncOp(name, (inputs, []))
    builder = Builder(InsertPoint.at_end(function.body.block))
    try:
        op: Operation = build(*function.body.block.args)
        builder.insert(op)
        builder.insert(func.ReturnOp(op.results[0]))
        function.update_function_type()
        module = ModuleOp([function])
        module.verify()
    except VerifyException as error:
        raise ValueError(str(error)) from error
    return module


def _compiled(
    types: Sequence[Attribute], build: Any, target: str, strategy: str, records: str
) -> Executable:
    module = single_op_module(types, build)
    try:
        return compile(module, target, strategy=strategy, records=records)
    except PassFailedException as error:
        raise ValueError(str(error).partition("\n")[0]) from error


def _choices(target: str, strategy: str, records: str | Path) -> tuple[str, str, str, str]:
    """Target, strategy, and name and content of records.

    With the content, what is remembered is no older than the records.
    """
    check_strategy(strategy)
    return target, strategy, str(records), digest(get_target(target), str(records))


def _code(value: Any, name: str) -> str | Code:
    if not isinstance(value, str | Code):
        raise ValueError(f"{name}: expected a code such as 'unipolar<2>', got {value!r}")
    return value


@remember
def _conv2d(
    x_code: str | Code,
    x_shape: tuple[int, ...],
    w_code: str | Code,
    w_shape: tuple[int, ...],
    strides: tuple[int, int],
    padding: tuple[int, int, int, int],
    dilation: tuple[int, int],
    groups: int,
    layout: str,
    target: str,
    strategy: str,
    records: str,
    measured: str,
) -> Executable:
    types = (
        TensorType(parse_code(x_code), x_shape),
        TensorType(parse_code(w_code), w_shape),
    )
    clauses = conv_clauses(strides, padding, dilation, groups, layout)

    def build(x: SSAValue, w: SSAValue) -> Operation:
        return Conv2DOp.get(x, w, **clauses)

    return _compiled(types, build, target, strategy, records)


def conv2d(
    x: Any,
    w: Any,
    *,
    x_code: str | Code = "unipolar<2>",
    w_code: str | Code = "bipolar<1>",
    strides: Pair = 1,
    padding: Sides = 0,
    dilation: Pair = 1,
    groups: int = 1,
    layout: str = "nhwc",
    target: str = "host",
    strategy: str = "auto",
    records: str | Path = SHIPPED_RECORDS,
    num_threads: int = 1,
) -> NDArray[np.int32]:
    """Convolution of integer values of low-bit codes, compiled for these shapes and remembered.

    Args:
        x: values of x_code, booleans or any integer dtype; (N, H, W, C), or (N, C, H, W) for nchw.
        w: values of w_code; (OC, KH, KW, C / groups), or (OC, C / groups, KH, KW) for nchw.
        x_code, w_code: unipolar<b>, bipolar<b> or signed<b>, 1 to 8 bits, or
            codebook<b, [values]>, of 8 bits with the other one.
        strides, dilation: (height, width), or one integer for both.
        padding: one integer for all sides, (height, width), (top, bottom, left, right) or
            ((top, bottom), (left, right)). A tap in the padding contributes 0.
        groups: equal groups that the channels are cut into.
        layout: nhwc or nchw.
        target, strategy, records: see `lowbit.compile`.
        num_threads: how many threads share the work.

    Returns:
        int32 (N, OH, OW, OC), or (N, OC, OH, OW) for nchw.

    Raises:
        ValueError: a value outside its code, a shape, dtype or argument that does not fit; the
            message names it.
    """
    arrays = _integers(x, 4, "x"), _integers(w, 4, "w")
    executable = _conv2d(
        *(_code(x_code, "x_code"), arrays[0].shape),
        *(_code(w_code, "w_code"), arrays[1].shape),
        pair(strides, "strides"),
        sides(padding, "padding"),
        pair(dilation, "dilation"),
        *(integer(groups, "groups"), layout_name(layout)),
        *_choices(target, strategy, records),
    )
    return _run(executable, arrays, num_threads)


def _run(
    executable: Executable, arrays: tuple[NDArray, NDArray], num_threads: int
) -> NDArray[np.int32]:
    specs = executable.signature.arguments
    inputs = [
        spec.to_storage(array, name)
        for spec, array, name in zip(specs, arrays, ("x", "w"), strict=True)
    ]
    result = executable.signature.results[0].new_storage()
    executable.run(inputs, [result], thread_count(num_threads))
    return result


@remember
def _matmul(
    x_code: str | Code,
    x_shape: tuple[int, ...],
    w_code: str | Code,
    w_shape: tuple[int, ...],
    target: str,
    strategy: str,
    records: str,
    measured: str,
) -> Executable:
    types = (
        TensorType(parse_code(x_code), x_shape),
        TensorType(parse_code(w_code), w_shape),
    )
    return _compiled(types, MatmulOp.get, target, strategy, records)


def matmul(
    x: Any,
    w: Any,
    *,
    x_code: str | Code = "unipolar<2>",
    w_code: str | Code = "bipolar<1>",
    target: str = "host",
    strategy: str = "auto",
    records: str | Path = SHIPPED_RECORDS,
    num_threads: int = 1,
) -> NDArray[np.int32]:
    """Matrix product of integer values of low-bit codes: x (M, K), w (K, N) -> int32 (M, N).

    The other arguments are those of `conv2d`.

    Raises:
        ValueError: a value outside its code, a shape, dtype or argument that does not fit.
    """
    arrays = _integers(x, 2, "x"), _integers(w, 2, "w")
    executable = _matmul(
        *(_code(x_code, "x_code"), arrays[0].shape),
        *(_code(w_code, "w_code"), arrays[1].shape),
        *_choices(target, strategy, records),
    )
    return _run(executable, arrays, num_threads)


@remember
def _bitpack(
    code: str | Code,
    shape: tuple[int, ...],
    axis: int,
    bit_axis: int | None,
    word_bits: int,
    target: str,
) -> Executable:
    rank = len(shape)
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} is not one of the {rank} dimensions of x")
    axis %= rank
    position = axis if bit_axis is None else bit_axis
    if not -rank - 1 <= position <= rank:
        raise ValueError(f"bit_axis {bit_axis} is not one of the {rank + 1} of the result")
    order = list(range(rank))
    order.insert(position % (rank + 1), -1)
    try:
        layout = PackedAttr.get(axis, word_bits, order)
    except VerifyException as error:
        raise ValueError(str(error)) from error
    type_ = TensorType(parse_code(code), shape)
    return compile(single_op_module([type_], lambda x: BitpackOp.get(x, layout)), target)


def bitpack(
    x: Any,
    code: str | Code,
    *,
    axis: int = -1,
    bit_axis: int | None = None,
    word_bits: int = 64,
    target: str = "host",
) -> PackedArray:
    """Pack integer values of a code into bit planes.

    Args:
        x: values of the code, any integer dtype and at least one dimension.
        code: any code, 1 to 8 bits.
        axis: the dimension whose elements share a word; any extent, the rest of the last word is 0.
        bit_axis: where the axis of planes stands among the result's dimensions (x.ndim + 1 of
            them); just before the packed one where not given.
        word_bits: 8, 16, 32 or 64. Element k of a group is bit k of its word.
        target: see `lowbit.compile`.

    Returns:
        A `PackedArray`: `.words` in the physical shape, `.values` the integers.

    Raises:
        ValueError: a value outside its code, or an argument that does not fit.
    """
    array = as_array(x, "x")
    if array.ndim < 1 or not array.size:
        raise ValueError(f"x: expected a dimension and elements, got shape {list(array.shape)}")
    executable = _bitpack(
        *(_code(code, "code"), array.shape, integer(axis, "axis")),
        None if bit_axis is None else integer(bit_axis, "bit_axis"),
        *(integer(word_bits, "word_bits"), target),
    )
    (argument,), (result,) = executable.signature.arguments, executable.signature.results
    words = result.new_storage()
    executable.run([argument.to_storage(array, "x")], [words])
    return PackedArray(words, result.type)


@remember
def _unpack(type_: TensorType, target: str) -> Executable:
    return compile(single_op_module([type_], UnpackOp.get), target)


def unpack(packed: PackedArray, *, target: str = "host") -> NDArray:
    """The integers of a packed array, in the narrowest dtype that holds the code's values.

    Raises:
        ValueError: `packed` is not a PackedArray.
    """
    if not isinstance(packed, PackedArray):
        raise ValueError(f"packed: expected a PackedArray, got {type(packed).__name__}")
    return _unpack(packed.type, target)(packed)
