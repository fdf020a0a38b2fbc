"""Other libraries that run the same topology, in f32 and in 8 bits."""

# pyright: reportMissingImports=false
# The libraries are an extra; type checks must pass without them.

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.networks.onnx_resnet18 import onnx_resnet18
from benchmarks.networks.record import NetworkCase
from benchmarks.peers.onnx_runtime import OnnxRuntime, session_candidate
from benchmarks.peers.openvino_cpu import OpenVINO, request_candidate
from benchmarks.peers.peer import Peer
from runtime.measure.candidate import Candidate, Maker

KINDS = {"f32": "fp32", "i8": "int8"}
"""The kinds of arithmetic by the part of a candidate's name."""


class NetworkPeer(Peer):
    """A library that reads ONNX models."""

    def __init__(self, case: NetworkCase, of: Peer, prefix: str, load: Callable[..., Candidate]):
        self.case, self.name, self.package = case, of.name, of.package
        self.distribution, self.also_needs = of.distribution, of.also_needs
        self._prefix, self._load = prefix, load

    def makers(self, workload: Any, check: bool) -> Mapping[str, Maker]:
        """The model in f32 and in 8 bits."""
        return {
            f"{self._prefix}_{kind}": partial(self._load, self.case.size, kind == "i8")
            for kind in KINDS
        }


def _image(size: int) -> NDArray[np.float32]:
    return np.random.default_rng(99).random((1, 3, size, size), np.float32) * 4


def _onnx_runtime(size: int, is_int8: bool) -> Candidate:
    return session_candidate(onnx_resnet18(size, is_int8), _image(size))[0]


def _openvino(size: int, is_int8: bool) -> Candidate:
    from openvino import Core  # noqa: PLC0415

    read = Core().read_model(BytesIO(onnx_resnet18(size, is_int8)))
    return request_candidate(read, _image(size))[0]


def network_peers(case: NetworkCase) -> list[Peer]:
    """A peer for each library."""
    return [
        NetworkPeer(case, OnnxRuntime(), "ort", _onnx_runtime),
        NetworkPeer(case, OpenVINO(), "ov", _openvino),
    ]
