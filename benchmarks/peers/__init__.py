"""Other libraries that compute the same layers, each behind the interface of `peer.py`."""

from benchmarks.peers.litert import LiteRT
from benchmarks.peers.onnx_runtime import OnnxRuntime
from benchmarks.peers.openvino_cpu import OpenVINO
from benchmarks.peers.peer import Peer
from benchmarks.peers.pytorch import PyTorch

PEERS: tuple[Peer, ...] = (OnnxRuntime(), PyTorch(), OpenVINO(), LiteRT())
"""All of them; a new one is a file here and a name in this list."""
