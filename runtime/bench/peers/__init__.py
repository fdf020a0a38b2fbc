"""Other libraries that compute the same layers, each behind the interface of `peer.py`."""

from runtime.bench.peers.litert import LiteRT
from runtime.bench.peers.onnx_runtime import OnnxRuntime
from runtime.bench.peers.openvino_cpu import OpenVINO
from runtime.bench.peers.peer import Peer
from runtime.bench.peers.pytorch import PyTorch

PEERS: tuple[Peer, ...] = (OnnxRuntime(), PyTorch(), OpenVINO(), LiteRT())
"""All of them; a new one is a file here and a name in this list."""
