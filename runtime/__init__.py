"""Compile, run, cache, measure: what a user calls."""

from lowbit_dialect.interpreters.values import PackedArray
from runtime.compile import compile
from runtime.executable import Executable
from runtime.kernels import bitpack, conv2d, matmul, unpack

__all__ = ["Executable", "PackedArray", "bitpack", "compile", "conv2d", "matmul", "unpack"]
