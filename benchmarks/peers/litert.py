"""LiteRT (the runtime of TensorFlow Lite) with its XNNPACK kernels, f32 and int8.

Its models are written with the schema that comes with the package. Activations are signed there:
u8 is i8 with a zero point of -128, so that the sums are those of the other peers.
"""

# pyright: reportMissingImports=false
# The libraries are an extra; type checks must pass without them.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.case import ZERO_POINT, Case, is_comparable, random_case
from benchmarks.peers.peer import Peer, judged
from runtime.measure.candidate import Candidate, Maker
from runtime.measure.workloads import Workload

_SCHEMA_VERSION = 3
_VERSIONS = {"CONV_2D": 3, "FULLY_CONNECTED": 4, "PAD": 2}
"""Of the operators: the first that take i8 with a scale a channel."""


class LiteRT(Peer):
    """LiteRT's interpreter on one thread."""

    name = "litert"
    package, distribution = "ai_edge_litert", "ai-edge-litert"
    also_needs = ("flatbuffers",)

    def makers(self, workload: Workload, check: bool) -> Mapping[str, Maker]:
        """The layer in f32 and in int8."""
        if not is_comparable(workload):
            return {}
        case = random_case(workload)
        return {
            "litert_f32": partial(_f32, case, check),
            "litert_i8": partial(_i8, case, check),
        }


@dataclass
class _Graph:
    """A model of one subgraph while it is made."""

    schema: Any
    buffers: list[Any] = field(default_factory=list)
    tensors: list[Any] = field(default_factory=list)
    codes: list[Any] = field(default_factory=list)
    operators: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.buffers.append(self.schema.BufferT())  # the first one stands for no data

    def tensor(
        self,
        shape: Sequence[int],
        dtype: str,
        data: NDArray | None = None,
        scale: Sequence[float] = (),
        zero: int = 0,
    ) -> int:
        """A tensor, constant where it has data; its number."""
        made = self.schema.TensorT()
        made.shape, made.hasRank = list(shape), True
        made.type = getattr(self.schema.TensorType, dtype)
        made.name = f"t{len(self.tensors)}"
        if scale:
            made.quantization = self.schema.QuantizationParametersT()
            made.quantization.scale = list(scale)
            made.quantization.zeroPoint = [zero] * len(scale)
        if data is not None:
            buffer = self.schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            made.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(made)
        return len(self.tensors) - 1

    def operator(self, name: str, inputs: Sequence[int], output: int, options: Any) -> None:
        """An operator with the options of its kind."""
        builtin = getattr(self.schema.BuiltinOperator, name)
        code = self.schema.OperatorCodeT()
        code.builtinCode, code.version = builtin, _VERSIONS[name]
        code.deprecatedBuiltinCode = builtin
        made = self.schema.OperatorT()
        made.opcodeIndex = len(self.codes)
        made.inputs, made.outputs = list(inputs), [output]
        kind = type(options).__name__.removesuffix("T")
        made.builtinOptionsType = getattr(self.schema.BuiltinOptions, kind)
        made.builtinOptions = options
        self.codes.append(code)
        self.operators.append(made)

    def data(self, x: int, y: int) -> bytes:
        """The file."""
        import flatbuffers  # noqa: PLC0415

        subgraph, model = self.schema.SubGraphT(), self.schema.ModelT()
        subgraph.tensors, subgraph.operators = self.tensors, self.operators
        subgraph.inputs, subgraph.outputs = [x], [y]
        model.version, model.operatorCodes = _SCHEMA_VERSION, self.codes
        model.subgraphs, model.buffers = [subgraph], self.buffers
        builder = flatbuffers.Builder()
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


def _layer(graph: _Graph, case: Case, x: int, w: int, bias: int, y: int, frame: int | None) -> None:
    """The operators from x to y; a frame of padding where TensorFlow's own would differ."""
    schema = graph.schema
    if case.workload.is_matmul:
        graph.operator("FULLY_CONNECTED", [x, w, bias], y, schema.FullyConnectedOptionsT())
        return
    options = schema.Conv2DOptionsT()
    options.strideH = options.strideW = case.stride
    options.padding = schema.Padding.VALID
    if frame is not None:
        top, bottom, left, right = case.padding
        amounts = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
        pads = graph.tensor((4, 2), "INT32", amounts)
        graph.operator("PAD", [x, pads], frame, schema.PadOptionsT())
        x = frame
    elif any(case.padding):
        options.padding = schema.Padding.SAME
    graph.operator("CONV_2D", [x, w, bias], y, options)


def _framed_shape(case: Case) -> tuple[int, ...] | None:
    """The image with its padding, where `SAME` does not mean that padding."""
    top, bottom, left, right = case.padding
    if case.workload.is_matmul or not any(case.padding):
        return None
    if case.stride == 1 and {top, bottom, left, right} == {case.kernel // 2}:
        return None
    n, h, w, c = case.x.shape
    return (n, h + top + bottom, w + left + right, c)


def _contender(data: bytes, x: NDArray) -> tuple[Candidate, Any]:
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    output = interpreter.get_output_details()[0]["index"]
    return Candidate(interpreter.invoke), partial(interpreter.get_tensor, output)


def _weights(case: Case) -> NDArray:
    """Output channels first."""
    return np.ascontiguousarray(case.w.T) if case.workload.is_matmul else case.w


def _schema() -> Any:
    from ai_edge_litert import schema_py_generated  # noqa: PLC0415

    return schema_py_generated


def _f32(case: Case, check: bool) -> Candidate:
    graph, w = _Graph(_schema()), _weights(case).astype(np.float32)
    x = graph.tensor(case.x.shape, "FLOAT32")
    weights = graph.tensor(w.shape, "FLOAT32", w)
    bias = graph.tensor(w.shape[:1], "FLOAT32", np.zeros(w.shape[0], np.float32))
    framed = _framed_shape(case)
    frame = graph.tensor(framed, "FLOAT32") if framed else None
    y = graph.tensor(case.out_shape, "FLOAT32")
    _layer(graph, case, x, weights, bias, y, frame)
    candidate, result = _contender(graph.data(x, y), case.x.astype(np.float32))
    return judged(candidate, case, result, "floats", check)


def _i8(case: Case, check: bool) -> Candidate:
    graph, w = _Graph(_schema()), _weights(case)
    ones = [1.0] * w.shape[0]
    x = graph.tensor(case.x.shape, "INT8", None, [1.0], -128)
    weights = graph.tensor(w.shape, "INT8", w, ones)
    bias = graph.tensor(w.shape[:1], "INT32", np.zeros(w.shape[0], np.int32), ones)
    framed = _framed_shape(case)
    frame = graph.tensor(framed, "INT8", None, [1.0], -128) if framed else None
    y = graph.tensor(case.out_shape, "INT8", None, [case.y_scale], ZERO_POINT - 128)
    _layer(graph, case, x, weights, bias, y, frame)
    signed = (case.x.astype(np.int16) - 128).astype(np.int8)
    candidate, result = _contender(graph.data(x, y), signed)
    return judged(candidate, case, lambda: result().astype(np.int16) + 128, "levels", check)
