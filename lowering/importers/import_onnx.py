"""A model of ONNX or QONNX as a module of the `qonnx` dialect, node by node."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DenseArrayBase,
    FloatAttr,
    IntegerAttr,
    ModuleOp,
    StringAttr,
    TensorType,
    f32,
    i64,
)
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.utils.exceptions import VerifyException

from lowbit_dialect.onnx_operators import ONNX_DOMAINS, OPERATORS, QONNX_DOMAINS
from lowbit_dialect.qonnx import UNKNOWN, AbsentOp, ConstantOp, NodeOp, array_attribute
from lowering.importers.model_file import (
    MOST_BYTES,
    ModelError,
    attribute_value,
    element_type,
    load_external,
    read_model,
    tensor_array,
)

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto

INPUT_NAMES, OUTPUT_NAMES = "qonnx.inputs", "qonnx.outputs"
"""Attributes of the function: the names that the model has for its inputs and outputs."""

MOST_NODES = 1 << 16


def import_file(path: Path) -> ModuleOp:
    """The module of the model in a file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no model, or one that is not supported; the message says where.
    """
    if not path.is_file():
        if path.is_dir() or path.exists():
            raise ModelError(f"{path}: not a file")
        path.open("rb")
    if path.stat().st_size > MOST_BYTES:
        raise ModelError(f"{path}: more than {MOST_BYTES} bytes")
    return import_bytes(path.read_bytes(), str(path), path.parent)


def import_bytes(data: bytes, name: str, folder: Path | None = None) -> ModuleOp:
    """The module of the model in the bytes of a file.

    Args:
        data: the bytes.
        name: what messages call the file.
        folder: where files with further data may lie.

    Raises:
        ValueError: as `import_file` raises it.
    """
    try:
        model = read_model(data, name)
        load_external(model, folder)
        return import_model(model)
    except (ModelError, VerifyException) as error:
        raise ModelError(f"{name}: {error}") from error


def import_model(model: ModelProto) -> ModuleOp:
    """The module of a model: one function, `@main`, with the graph's inputs and outputs.

    Raises:
        ModelError, VerifyException: the model is not supported, or wrong; the message says where.
    """
    if model.functions:
        raise ModelError("functions of a model are not supported; inline them")
    return _Importer(model).run()


class _Importer:
    """The values of a graph, by their names."""

    def __init__(self, model: ModelProto):
        self.graph: GraphProto = model.graph
        self.versions = {entry.domain: entry.version for entry in model.opset_import}
        self.values: dict[str, SSAValue] = {}
        self.block = Block()

    def run(self) -> ModuleOp:
        """Import everything."""
        graph = self.graph
        if graph.sparse_initializer:
            raise ModelError("sparse initializers are not supported")
        if len(graph.node) > MOST_NODES:
            raise ModelError(f"{len(graph.node)} nodes: at most {MOST_NODES} are allowed")
        initializers = {tensor.name for tensor in graph.initializer}
        inputs = [info for info in graph.input if info.name not in initializers]
        for info in inputs:
            type_ = _type_of(info)
            self._define(info.name, self.block.insert_arg(type_, len(self.block.args)), "input")
        for tensor in graph.initializer:
            array, element = tensor_array(tensor, f"initializer {tensor.name!r}")
            op = ConstantOp.get(array, tensor.name, element)
            self.block.add_op(op)
            self._define(tensor.name, op.result, "initializer")
        for index, node in self._sorted():
            self._import(index, node)
        results = [self._output(info.name) for info in graph.output]
        if not results:
            raise ModelError("the graph has no output")
        self.block.add_op(func.ReturnOp(*results))
        types = [arg.type for arg in self.block.args], [value.type for value in results]
        function = func.FuncOp("main", types, Region(self.block))
        function.attributes[INPUT_NAMES] = _texts([info.name for info in inputs])
        function.attributes[OUTPUT_NAMES] = _texts([info.name for info in graph.output])
        module = ModuleOp([function])
        module.verify()
        return module

    def _output(self, name: str) -> SSAValue:
        if name not in self.values:
            raise ModelError(f"output {name!r} is computed by no node")
        return self.values[name]

    def _define(self, name: str, value: SSAValue, what: str) -> None:
        if name in self.values or not name:
            raise ModelError(f"{what} {name!r}: the name is {'defined twice' if name else 'empty'}")
        self.values[name] = value

    def _sorted(self) -> Sequence[tuple[int, NodeProto]]:
        """The nodes, each after those that compute its inputs.

        Raises:
            ModelError: an input is computed by no node, or the graph has a cycle.
        """
        nodes = list(enumerate(self.graph.node))
        owners: dict[str, int] = {}
        for index, node in nodes:
            for name in node.output:
                if name and name in owners:
                    raise ModelError(f"{_title(index, node)}: output {name!r} is defined twice")
                owners[name] = index
        waiting: dict[int, int] = {}
        readers: dict[int, list[int]] = {}
        for index, node in nodes:
            sources = {owners[name] for name in node.input if name in owners and name}
            missing = [name for name in node.input if name and name not in owners | self.values]
            if missing:
                raise ModelError(
                    f"{_title(index, node)}: input {missing[0]!r} is no input, initializer or"
                    " output of a node"
                )
            waiting[index] = len(sources)
            for source in sources:
                readers.setdefault(source, []).append(index)
        ready = [index for index, count in waiting.items() if not count]
        order: list[tuple[int, NodeProto]] = []
        while ready:
            index = heappop(ready)
            order.append(nodes[index])
            for reader in readers.get(index, []):
                waiting[reader] -= 1
                if not waiting[reader]:
                    heappush(ready, reader)
        if len(order) < len(nodes):
            index = next(i for i, count in waiting.items() if count)
            raise ModelError(f"{_title(*nodes[index])}: the graph has a cycle")
        return order

    def _import(self, index: int, node: NodeProto) -> None:
        title = _title(index, node)
        if node.domain not in ONNX_DOMAINS | QONNX_DOMAINS or node.op_type not in OPERATORS:
            domain = f" of domain {node.domain!r}" if node.domain else ""
            raise ModelError(f"{title}: operator {node.op_type!r}{domain} is not supported")
        inputs = [self._input(name) for name in node.input]
        while inputs and isinstance(inputs[-1].owner, AbsentOp):
            inputs.pop()
        outputs = list(node.output)
        while outputs and not outputs[-1]:
            outputs.pop()
        attributes: dict[str, Attribute] = {}
        for attribute in node.attribute:
            what = f"{title}: attribute {attribute.name!r}"
            if attribute.name in attributes:
                raise ModelError(f"{what} is given twice")
            attributes[attribute.name] = _attribute(attribute_value(attribute, what), what)
        domain = "" if node.domain in ONNX_DOMAINS else node.domain
        op = NodeOp.get(
            node.op_type,
            inputs,
            [UNKNOWN] * len(outputs),
            attributes,
            domain=domain,
            label=node.name or f"{node.op_type}_{index}",
            version=self.versions.get(node.domain, 0) if domain else self._version(),
        )
        op.verify_()
        self.block.add_op(op)
        for name, value in zip(outputs, op.outputs, strict=True):
            if name:
                self._define(name, value, f"{title}: output")

    def _version(self) -> int:
        """The version of ONNX's operators; a model that names none is taken for a recent one."""
        version = self.versions.get("", self.versions.get("ai.onnx", 13))
        if not 1 <= version <= 26:
            raise ModelError(f"operator set {version} is not supported: expected 7 .. 26")
        return version

    def _input(self, name: str) -> SSAValue:
        if name:
            return self.values[name]
        absent = AbsentOp()
        self.block.add_op(absent)
        return absent.result


def _title(index: int, node: NodeProto) -> str:
    return f"node {node.name or f'{node.op_type}_{index}'!r} ({node.op_type})"


def _texts(names: Sequence[str]) -> ArrayAttr:
    return ArrayAttr([StringAttr(name) for name in names])


def names_of(function: func.FuncOp, which: str) -> list[str]:
    """The names that a model has for the inputs or outputs of a function, or none.

    Args:
        function: of an imported module.
        which: `INPUT_NAMES` or `OUTPUT_NAMES`.
    """
    names = function.attributes.get(which)
    return [name.data for name in names] if isinstance(names, ArrayAttr) else []  # pyright: ignore


def _type_of(info: ValueInfoProto) -> Attribute:
    """The type of an input; extents that are no numbers are unknown."""
    what = f"input {info.name!r}"
    if not info.type.HasField("tensor_type"):
        raise ModelError(f"{what}: expected a tensor")
    tensor = info.type.tensor_type
    element = element_type(tensor.elem_type, what)
    if not tensor.HasField("shape"):
        return UNKNOWN
    extents = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in tensor.shape.dim]
    if any(extent < 0 for extent in extents):
        raise ModelError(f"{what}: shape {extents}")
    return TensorType(element, [extent or DYNAMIC_INDEX for extent in extents])


def _attribute(value: Any, what: str) -> Attribute:
    """The value of a node's attribute as an attribute of the IR."""
    if isinstance(value, int):
        return IntegerAttr(value, i64)
    if isinstance(value, float):
        return FloatAttr(value, f32)
    if isinstance(value, str):
        return StringAttr(value)
    if isinstance(value, list):
        if all(isinstance(number, int) for number in value):
            return DenseArrayBase.from_list(i64, value)
        return DenseArrayBase.from_list(f32, [float(np.float32(number)) for number in value])
    array, element = tensor_array(value, what)
    return array_attribute(array, element)
