"""What the IR of a network says about it: its layers, its bytes, and where float remains."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from rich.table import Table
from xdsl.dialects import func
from xdsl.dialects.builtin import AnyFloat, ModuleOp, TensorType
from xdsl.ir import Operation

from lowbit_dialect.codes import Code
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.glue import FusedGlueOp
from lowbit_dialect.ops.kernel import ConvKernelOp, KernelOp
from lowbit_dialect.ops.pack import ConstantOp


@dataclass(frozen=True)
class WeightBytes:
    """Bytes of the weights as the module holds them, and what they would take as float32."""

    packed: int
    float32: int


def weight_bytes(module: ModuleOp) -> WeightBytes:
    """Bytes of all low-bit constants of a module."""
    constants = [op for op in module.walk() if isinstance(op, ConstantOp)]
    count = sum(prod(op.result.type.get_shape()) for op in constants)
    return WeightBytes(sum(len(op.image_bytes) for op in constants), 4 * count)


def layers(module: ModuleOp) -> list[Operation]:
    """The operations at the level of kernels that compute something, in order."""
    body = next(op for op in module.walk() if isinstance(op, func.FuncOp)).body.block
    return [op for op in body.ops if op.operands and not isinstance(op, func.ReturnOp)]


def macs(op: Operation) -> int:
    """Multiply-accumulates of a contraction; 0 for any other operation."""
    if not isinstance(op, KernelOp):
        return 0
    return op.geometry.taps * prod(op.accumulator_type.get_shape())


def float_operations(module: ModuleOp) -> list[Operation]:
    """The operations that read or write floating-point tensors, whatever they are called."""
    return [op for op in layers(module) if any(map(_is_float, _tensor_types(op)))]


def _tensor_types(op: Operation) -> Iterator[TensorType]:
    for value in (*op.operands, *op.results):
        if isinstance(value.type, TensorType):
            yield value.type


def _is_float(type_: TensorType) -> bool:
    return isinstance(type_.element_type, AnyFloat)


def describe(type_: TensorType) -> str:
    """A tensor type in words: extents, element, and whether it is packed."""
    element = type_.element_type
    name = str(element)
    extents = "x".join(map(str, type_.get_shape()))
    return f"{extents} {name}{', packed' if packed_layout(type_) is not None else ''}"


def layer_table(module: ModuleOp) -> Table:
    """A row for each operation of a module at the level of kernels."""
    table = Table(title="Layers, as compiled", title_justify="left")
    for name in ("operation", "weights"):
        table.add_column(name)
    table.add_column("MAC", justify="right")
    for name in ("glue inside", "result in memory"):
        table.add_column(name)
    for op in layers(module):
        result = op.results[0].type
        assert isinstance(result, TensorType)
        glue = ", ".join(g.form.data for g in op.walk() if isinstance(g, FusedGlueOp))
        table.add_row(
            op.name.removeprefix("lowbit."),
            _weights(op),
            f"{macs(op):,}" if macs(op) else "",
            glue,
            describe(result),
        )
    table.add_section()
    total = sum(map(macs, layers(module)))
    table.add_row("all", "", f"{total:,}", "", "")
    return table


def _weights(op: Operation) -> str:
    if not isinstance(op, ConvKernelOp):
        return ""
    type_ = op.w.type
    assert isinstance(type_, TensorType)
    assert isinstance(type_.element_type, Code)
    return f"{'x'.join(map(str, type_.get_shape()))} {type_.element_type}"
