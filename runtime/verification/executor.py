"""The executor of QONNX, one node after the other."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowbit_dialect.at_fork import load_module
from lowbit_dialect.onnx_operators import QUANTIZERS
from lowering.importers.model_file import ModelError, onnx

GENERAL = "qonnx.custom_op.general"

AfterNode = Callable[[str, str, str, dict[str, Any]], None]
"""Is told the names of a node, its first input and its first output, and all tensors."""


def is_installed() -> bool:
    """Whether the executor can be imported."""
    return find_spec("qonnx") is not None


def execute(path: Path, inputs: Mapping[str, NDArray], after: AfterNode) -> Mapping[str, Any]:
    """Run a model node by node in float32.

    Args:
        path: of the model.
        inputs: by name; their first extents may be others than the model's.
        after: is called after each node; nodes without a name are called as the importer does.

    Returns:
        Every tensor by its name.

    Raises:
        ModelError: the executor fails.
    """
    wrap = load_module("qonnx.core.modelwrapper").ModelWrapper
    execute_node = load_module("qonnx.core.onnx_exec").execute_node
    infer_shapes = load_module("qonnx.transformation.infer_shapes").InferShapes
    package = onnx()
    model = package.load(path)
    names: dict[str, str] = {}
    for index, node in enumerate(model.graph.node):
        names[node.output[0]] = node.name or f"{node.op_type}_{index}"
        if node.op_type in QUANTIZERS and not node.op_type.endswith(("Linear", "Conv", "MatMul")):
            node.domain = GENERAL
    for info in model.graph.input:
        if info.name in inputs:
            given = inputs[info.name]
            type_ = package.helper.np_dtype_to_tensor_dtype(given.dtype)
            info.CopyFrom(package.helper.make_tensor_value_info(info.name, type_, given.shape))
    del model.graph.value_info[:]
    for info in model.graph.output:
        info.type.tensor_type.ClearField("shape")
    versions = {entry.domain: entry.version for entry in model.opset_import}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            wrapper: Any = wrap(model).transform(infer_shapes())
            context = wrapper.make_empty_exec_context() | dict(inputs)
            for node in wrapper.graph.node:
                version = versions.get(node.domain, versions.get("", 13))
                if node.domain == GENERAL:
                    version = 2 if node.op_type == "Trunc" and len(node.input) == 6 else 1
                execute_node(node, context, wrapper.graph, version, True)
                name = names.get(node.output[0], "")
                after(name, node.input[0] if node.input else "", node.output[0], context)
        except Exception as error:  # the executor raises what its parts raise
            raise ModelError(f"{path}: the executor of QONNX fails: {error}") from error
    return context
