"""`xdsl-opt -f qonnx net.onnx`: models of ONNX and QONNX as an input of xDSL's tools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.frontend import Frontend

from lowering.importers.import_onnx import import_bytes


@dataclass(frozen=True)
class QonnxFrontend(Frontend):
    """Reads a model into the `qonnx` dialect."""

    name = "qonnx"

    def parse(self, ctx: Context, input: IO[bytes], input_name: str = "input") -> ModuleOp:
        """The module of a model."""
        ctx.load_registered_dialect("qonnx")
        path = Path(input_name)
        return import_bytes(input.read(), input_name, path.parent if path.is_file() else None)


@dataclass(frozen=True)
class OnnxFrontend(QonnxFrontend):
    """The same for files called `.onnx`."""

    name = "onnx"
