"""OpenVINO: f32, int8 by its low-precision transformations, and its binary convolution.

The binary convolution is timed by OpenVINO's own counters, for the kernel alone: its graph takes
f32 and binarises it, which is not what is compared. Its 1x1 results are right; its 3x3 results are
not (the reordered weights hold uninitialised memory and differ from one compilation to the next),
so that its time is a bar and no product. Whether they are is found out here, too.
"""

# pyright: reportMissingImports=false
# The libraries are an extra; type checks must pass without them.

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.case import Case, is_comparable, random_case
from benchmarks.peers.onnx_models import quantize_dequantize
from benchmarks.peers.peer import Peer, judged
from lowbit_dialect import reference
from runtime.measure.candidate import Candidate, Maker
from runtime.measure.workloads import Workload

_OPTIONS: dict[str, Any] = {
    "INFERENCE_NUM_THREADS": 1,
    "NUM_STREAMS": 1,
    "ENABLE_CPU_PINNING": False,
    "PERFORMANCE_HINT": "LATENCY",
    "INFERENCE_PRECISION_HINT": "f32",
}


class OpenVINO(Peer):
    """OpenVINO's CPU plugin."""

    name = package = distribution = "openvino"
    also_needs = ("onnx",)

    def makers(self, workload: Workload, check: bool) -> Mapping[str, Maker]:
        """f32 and int8 of everything; the convolution kernels alone, int8 and binary."""
        if not is_comparable(workload):
            return {}
        case = random_case(workload)
        made = {"ov_f32": _f32, "ov_i8": _i8}
        if not workload.is_matmul:
            made |= {"ov_i8_kernel": partial(_i8, node="Convolution"), "ov_bin_kernel": _binary}
        return {name: partial(function, case, check) for name, function in made.items()}


def request_candidate(model: Any, x: NDArray, node: str = "") -> tuple[Candidate, Any]:
    """A candidate for a model, timed by its own counter of a kind of node where one is named."""
    from openvino import Core, Tensor  # noqa: PLC0415

    compiled = Core().compile_model(model, "CPU", _OPTIONS | {"PERF_COUNT": bool(node)})
    request = compiled.create_infer_request()
    request.set_input_tensor(0, Tensor(x))

    def run() -> None:
        request.start_async()
        request.wait()

    def own_seconds() -> float:
        return sum(
            info.real_time.total_seconds()
            for info in request.get_profiling_info()
            if node in info.node_type
        )

    candidate = Candidate(run, own_seconds=own_seconds if node else None)
    return candidate, lambda: request.get_output_tensor(0).data


def _channels_last(model: Any) -> Any:
    """The model with its image and its result in NHWC."""
    from openvino import Layout  # noqa: PLC0415
    from openvino.preprocess import PrePostProcessor  # noqa: PLC0415

    steps = PrePostProcessor(model)
    for end in (steps.input(), steps.output()):
        end.tensor().set_layout(Layout("NHWC"))
        end.model().set_layout(Layout("NCHW"))
    return steps.build()


def _f32(case: Case, check: bool) -> Candidate:
    from openvino import Model, Type  # noqa: PLC0415
    from openvino import opset13 as op  # noqa: PLC0415

    if case.workload.is_matmul:
        x = op.parameter(case.x.shape, Type.f32)
        w = op.constant(np.ascontiguousarray(case.w.T.astype(np.float32)))
        model = Model([op.matmul(x, w, False, True)], [x])
    else:
        top, bottom, left, right = case.padding
        x = op.parameter(case.x_nchw.shape, Type.f32)
        w = op.constant(case.w_nchw.astype(np.float32))
        y = op.convolution(x, w, [case.stride] * 2, [top, left], [bottom, right], [1, 1])
        model = _channels_last(Model([y], [x]))
    candidate, result = request_candidate(model, case.x.astype(np.float32))
    return judged(candidate, case, result, "floats", check)


def _i8(case: Case, check: bool, node: str = "") -> Candidate:
    """Channels first at both ends: with NHWC there, OpenVINO quietly computes in f32."""
    from openvino import Core  # noqa: PLC0415

    model = Core().read_model(BytesIO(quantize_dequantize(case)))
    if case.workload.is_matmul:
        candidate, result = request_candidate(model, case.x, node)
        return judged(candidate, case, result, "levels", check)
    candidate, result = request_candidate(model, case.x_nchw, node)
    return judged(candidate, case, lambda: result().transpose(0, 2, 3, 1), "levels", check)


def _binary(case: Case, check: bool) -> Candidate:
    from openvino import Model, Shape, Tensor, Type, opset1  # noqa: PLC0415
    from openvino.op import Constant  # noqa: PLC0415

    channels = case.workload.geometry.ic
    top, bottom, left, right = case.padding
    x = opset1.parameter(case.x_nchw.shape, Type.f32)
    threshold = opset1.constant(np.zeros((1, channels, 1, 1), np.float32))
    low, high = (opset1.constant(np.full((1, 1, 1, 1), v, np.float32)) for v in (0, 1))
    # To 0 and 1: with levels of -1 and 1 it makes all activations -1.
    bits = opset1.fake_quantize(x, threshold, threshold, low, high, 2)
    is_one = case.w_nchw > 0
    packed = np.packbits(is_one.reshape(-1), bitorder="little")
    w = Constant(Tensor(packed, Shape(list(is_one.shape)), Type.u1))
    y = opset1.binary_convolution(
        *(bits, w, [case.stride] * 2, [top, left], [bottom, right], [1, 1]),
        *("xnor-popcount", 0.0),
    )
    image = case.x.astype(np.float32) - 127.5
    candidate, result = request_candidate(
        _channels_last(Model([y], [x])), image, "BinaryConvolution"
    )
    if check:
        candidate.run()
        signs = np.where(image > 0, 1, -1)
        framed = np.pad(signs, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=-1)
        strides = (case.stride, case.stride)
        expected = reference.conv2d(framed, np.where(case.w > 0, 1, -1), strides=strides)
        candidate.verdict = "right" if np.array_equal(result(), expected) else "wrong"
    return candidate
