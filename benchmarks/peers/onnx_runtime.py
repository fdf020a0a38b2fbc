"""ONNX Runtime: quantised convolutions and products, and products with weights of 2 and 4 bits."""

# pyright: reportMissingImports=false
# The libraries are an extra; type checks must pass without them.

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.case import Case, is_comparable, random_case
from benchmarks.peers.onnx_models import MICROSOFT, conv_attributes, model, node, scales
from benchmarks.peers.peer import Peer, judged
from runtime.measure.candidate import Candidate, Maker
from runtime.measure.workloads import Workload

BLOCK = 128
"""Weights of 2 and 4 bits that share a scale: the fastest block of its kernels here."""
_QUANTIZED = ("x", "x_scale", "x_zero", "w", "w_scale", "w_zero", "y_scale", "y_zero")


class OnnxRuntime(Peer):
    """ONNX Runtime's CPU provider."""

    name = "onnxruntime"
    package = distribution = "onnxruntime"
    also_needs = ("onnx",)

    def makers(self, workload: Workload, check: bool) -> Mapping[str, Maker]:
        """Convolutions with channels last (its own operator) and first; products of all widths."""
        if not is_comparable(workload):
            return {}
        case = random_case(workload)
        made = {
            "ort_f32": _f32_gemm if workload.is_matmul else _f32_conv,
            **(
                {"ort_i8_qlinear": _qlinear_gemm, "ort_i8_integer": _integer_gemm}
                if workload.is_matmul
                else {"ort_i8_nhwc": _qlinear_conv_nhwc, "ort_i8_nchw": _qlinear_conv_nchw}
            ),
        }
        makers: dict[str, Maker] = {name: partial(f, case, check) for name, f in made.items()}
        g = workload.geometry
        if workload.is_matmul and g.cols.extent == 1 and g.ic % BLOCK == 0:
            for bits in (2, 4):
                makers[f"ort_w{bits}a8_b{BLOCK}"] = partial(_blockwise_gemm, case, check, bits)
        return makers


def session_candidate(data: bytes, x: NDArray) -> tuple[Candidate, Any]:
    """A candidate for a model with its input and output bound, and how to read the output."""
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    given = onnxruntime.OrtValue.ortvalue_from_numpy(x)
    binding.bind_ortvalue_input("x", given)
    (first,) = session.run(["y"], {"x": x})
    result = onnxruntime.OrtValue.ortvalue_from_numpy(np.asarray(first))
    binding.bind_ortvalue_output("y", result)
    return Candidate(partial(session.run_with_iobinding, binding)), result.numpy


def _f32_conv(case: Case, check: bool) -> Candidate:
    nodes = [node("Conv", ["x", "w"], "y", **conv_attributes(case))]
    x, w = case.x_nchw.astype(np.float32), case.w_nchw.astype(np.float32)
    data = model(nodes, ("float32", x.shape), ("float32", case.out_nchw), {"w": w})
    candidate, result = session_candidate(data, x)
    return judged(candidate, case, lambda: result().transpose(0, 2, 3, 1), "floats", check)


def _f32_gemm(case: Case, check: bool) -> Candidate:
    x, w = case.x.astype(np.float32), case.w.astype(np.float32)
    nodes = [node("MatMul", ["x", "w"], "y")]
    data = model(nodes, ("float32", x.shape), ("float32", case.out_shape), {"w": w})
    candidate, result = session_candidate(data, x)
    return judged(candidate, case, result, "floats", check)


def _qlinear_conv_nhwc(case: Case, check: bool) -> Candidate:
    nodes = [
        node(
            *("QLinearConv", _QUANTIZED, "y", MICROSOFT),
            channels_last=1,
            **conv_attributes(case),
        )
    ]
    data = model(
        nodes,
        ("uint8", case.x.shape),
        ("uint8", case.out_shape),
        scales(case) | {"w": case.w_nchw},
    )
    candidate, result = session_candidate(data, case.x)
    return judged(candidate, case, result, "levels", check)


def _qlinear_conv_nchw(case: Case, check: bool) -> Candidate:
    nodes = [node("QLinearConv", _QUANTIZED, "y", **conv_attributes(case))]
    x = case.x_nchw
    data = model(
        nodes, ("uint8", x.shape), ("uint8", case.out_nchw), scales(case) | {"w": case.w_nchw}
    )
    candidate, result = session_candidate(data, x)
    return judged(candidate, case, lambda: result().transpose(0, 2, 3, 1), "levels", check)


def _qlinear_gemm(case: Case, check: bool) -> Candidate:
    nodes = [node("QLinearMatMul", _QUANTIZED, "y")]
    data = model(
        nodes, ("uint8", case.x.shape), ("uint8", case.out_shape), scales(case) | {"w": case.w}
    )
    candidate, result = session_candidate(data, case.x)
    return judged(candidate, case, result, "levels", check)


def _integer_gemm(case: Case, check: bool) -> Candidate:
    nodes = [node("MatMulInteger", ["x", "w"], "y")]
    data = model(nodes, ("uint8", case.x.shape), ("int32", case.out_shape), {"w": case.w})
    candidate, result = session_candidate(data, case.x)
    return judged(candidate, case, result, "sums", check)


def _blockwise_gemm(case: Case, check: bool, bits: int) -> Candidate:
    """`MatMulNBits` with activations quantised inside to 8 bits (its accuracy level 4).

    Its result is compared with the product of the weights' integers: within the error that 8 bits
    an activation, in blocks, can make.
    """
    depth, width = case.w.shape
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 1 << bits, (width, depth // BLOCK, BLOCK), np.uint8)
    per_byte = 8 // bits
    parts = codes.reshape(width, depth // BLOCK, BLOCK // per_byte, per_byte)
    packed = np.zeros(parts.shape[:-1], np.uint8)
    for i in range(per_byte):
        packed |= parts[..., i] << (bits * i)
    x = rng.standard_normal(case.x.shape, np.float32)
    nodes = [
        node(
            *("MatMulNBits", ["x", "w", "scale"], "y", MICROSOFT),
            **{"K": depth, "N": width, "bits": bits, "block_size": BLOCK, "accuracy_level": 4},
        )
    ]
    constants = {"w": packed, "scale": np.ones((width, depth // BLOCK), np.float32)}
    data = model(nodes, ("float32", x.shape), ("float32", case.out_shape), constants)
    candidate, result = session_candidate(data, x)
    if check:
        candidate.run()
        zero = 1 << (bits - 1)
        expected = x.astype(np.float64) @ (codes.reshape(width, depth).T.astype(np.float64) - zero)
        error = np.abs(result() - expected).max() / expected.std()
        candidate.verdict = "right" if error < _BLOCKWISE_ERROR else "wrong"
    return candidate


_BLOCKWISE_ERROR = 0.1
"""Largest error in standard deviations of the result; wrong weights make one of several."""
