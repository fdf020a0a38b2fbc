"""Models written node by node, and what the executor of QONNX computes of them."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

onnx = pytest.importorskip("onnx", reason="no onnx: pip install 'lowbit[onnx]'")

QONNX = "qonnx.custom_op.general"


class Net:
    """A model that is written node by node; `x` is its input."""

    def __init__(self, shape: Sequence[int | str], dtype: int = 1):
        self.inputs = [onnx.helper.make_tensor_value_info("x", dtype, list(shape))]
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """A constant; its name."""
        name = f"c{len(self.initializers)}"
        array = np.asarray(values, dtype)
        self.initializers.append(onnx.numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """A node; the name of its result."""
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(
            onnx.helper.make_node(
                kind, list(inputs), [f"{name}_out"], name=name, domain=domain, **attributes
            )
        )
        return f"{name}_out"

    def quant(
        self,
        x: str,
        scale: Any,
        bits: float,
        zero: Any = 0.0,
        *,
        signed: int = 1,
        narrow: int = 0,
        mode: str = "ROUND",
        domain: str = QONNX,
    ) -> str:
        """A `Quant` node."""
        parameters = [self.constant(value) for value in (scale, zero, bits)]
        attributes = {"signed": signed, "narrow": narrow, "rounding_mode": mode}
        return self.node("Quant", x, *parameters, domain=domain, **attributes)

    def model(self, *outputs: str, opset: int = 13, dtype: int = 1, **more: Any) -> Any:
        """The model with these outputs."""
        infos = [onnx.helper.make_tensor_value_info(name, dtype, None) for name in outputs]
        graph = onnx.helper.make_graph(
            self.nodes, "net", self.inputs, infos, initializer=self.initializers
        )
        opsets = [onnx.helper.make_opsetid("", opset), onnx.helper.make_opsetid(QONNX, 1)]
        return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=9, **more)


def executed(model: Any, x: NDArray) -> dict[str, NDArray]:
    """Every tensor that the executor of QONNX computes; skips the test where there is none."""
    pytest.importorskip("qonnx", reason="no qonnx: pip install qonnx")
    from qonnx.core.modelwrapper import ModelWrapper  # noqa: PLC0415
    from qonnx.core.onnx_exec import execute_onnx  # noqa: PLC0415
    from qonnx.transformation.infer_shapes import InferShapes  # noqa: PLC0415

    copy = type(model)()
    copy.CopyFrom(model)
    for node in copy.graph.node:
        if node.op_type in ("Quant", "BipolarQuant", "Trunc", "MultiThreshold"):
            node.domain = QONNX
    if len(copy.graph.input[0].type.tensor_type.shape.dim):
        copy.graph.input[0].CopyFrom(
            onnx.helper.make_tensor_value_info(
                copy.graph.input[0].name,
                onnx.helper.np_dtype_to_tensor_dtype(x.dtype),
                x.shape,
            )
        )
    name = copy.graph.input[0].name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrapper = ModelWrapper(copy).transform(InferShapes())
        return execute_onnx(wrapper, {name: x}, return_full_exec_context=True)
