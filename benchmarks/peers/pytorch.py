"""PyTorch: oneDNN's f32 kernels with reordered weights, and its quantised operators."""

# pyright: reportMissingImports=false
# The libraries are an extra; type checks must pass without them.

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.case import ZERO_POINT, Case, is_comparable, random_case
from benchmarks.peers.peer import Peer, judged
from runtime.measure.candidate import Candidate, Maker
from runtime.measure.workloads import Workload

ENGINES = ("x86", "onednn", "fbgemm", "qnnpack")
"""Its quantised engines, the fastest first; a build has some of them."""
_ENGINES_TIMED = 2


class PyTorch(Peer):
    """PyTorch on the CPU, without its autograd."""

    name = "torch"
    package = distribution = "torch"

    def makers(self, workload: Workload, check: bool) -> Mapping[str, Maker]:
        """The f32 kernel and the quantised operators of the two best engines."""
        if not is_comparable(workload):
            return {}
        case = random_case(workload)
        torch = _torch()
        present = [e for e in ENGINES if e in torch.backends.quantized.supported_engines]
        f32, i8 = (_f32_gemm, _i8_gemm) if workload.is_matmul else (_f32_conv, _i8_conv)
        makers: dict[str, Maker] = {"torch_f32": partial(f32, case, check)}
        for engine in present[:_ENGINES_TIMED]:
            makers[f"torch_i8_{engine}"] = partial(i8, case, check, engine)
        return makers


def _torch() -> Any:
    import torch  # noqa: PLC0415

    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    return torch


class _Kept:
    """A call and its last result."""

    def __init__(self, call: Callable[[], Any]):
        self.call, self.result = call, call()

    def __call__(self) -> None:
        self.result = self.call()

    def numpy(self) -> NDArray:
        """The result as an array."""
        return self.result.numpy()


def _f32_conv(case: Case, check: bool) -> Candidate:
    torch = _torch()
    x = torch.from_numpy(case.x_nchw.astype(np.float32)).to(memory_format=torch.channels_last)
    w = torch.from_numpy(case.w_nchw.astype(np.float32))
    top, _, left, _ = case.padding
    steps = [top, left], [case.stride] * 2, [1, 1], 1
    ops = torch.ops.mkldnn
    reordered = ops._reorder_convolution_weight(w, *steps, list(x.shape))
    call = partial(ops._convolution_pointwise, x, reordered, None, *steps, "none", [], "")
    kept = _Kept(call)
    return judged(
        Candidate(kept), case, lambda: kept.result.permute(0, 2, 3, 1).numpy(), "floats", check
    )


def _f32_gemm(case: Case, check: bool) -> Candidate:
    torch = _torch()
    x = torch.from_numpy(case.x.astype(np.float32))
    w = torch.from_numpy(np.ascontiguousarray(case.w.T.astype(np.float32)))
    ops = torch.ops.mkldnn
    reordered = ops._reorder_linear_weight(w, x.shape[0])
    kept = _Kept(partial(ops._linear_pointwise, x, reordered, None, "none", [], ""))
    return judged(Candidate(kept), case, kept.numpy, "floats", check)


def _quantized_weights(torch: Any, w: Any) -> Any:
    channels = w.shape[0]
    scales = torch.ones(channels, dtype=torch.float64)
    zeros = torch.zeros(channels, dtype=torch.long)
    return torch._make_per_channel_quantized_tensor(w, scales, zeros, 0)


def _i8_conv(case: Case, check: bool, engine: str) -> Candidate:
    torch = _torch()
    torch.backends.quantized.engine = engine
    image = torch._make_per_tensor_quantized_tensor(torch.from_numpy(case.x_nchw), 1.0, 0)
    x = image.contiguous(memory_format=torch.channels_last)
    w = _quantized_weights(torch, torch.from_numpy(case.w_nchw))
    top, _, left, _ = case.padding
    bias = torch.zeros(w.shape[0])
    prepacked = torch.ops.quantized.conv2d_prepack(
        w, bias, [case.stride] * 2, [top, left], [1, 1], 1
    )
    kept = _Kept(
        partial(torch.ops.quantized.conv2d, x, prepacked, case.y_scale, ZERO_POINT),
    )
    return judged(
        *(Candidate(kept), case, lambda: kept.result.int_repr().permute(0, 2, 3, 1).numpy()),
        *("levels", check),
    )


def _i8_gemm(case: Case, check: bool, engine: str) -> Candidate:
    torch = _torch()
    torch.backends.quantized.engine = engine
    x = torch._make_per_tensor_quantized_tensor(torch.from_numpy(case.x), 1.0, 0)
    w = _quantized_weights(torch, torch.from_numpy(np.ascontiguousarray(case.w.T)))
    prepacked = torch.ops.quantized.linear_prepack(w, torch.zeros(w.shape[0]))
    kept = _Kept(partial(torch.ops.quantized.linear, x, prepacked, case.y_scale, ZERO_POINT))
    return judged(Candidate(kept), case, lambda: kept.result.int_repr().numpy(), "levels", check)
