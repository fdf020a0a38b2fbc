"""Models that are wrong: a diagnostic that names node and attribute, exit 1, no crash."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtime.cli import main
from tests.importers.networks import Net, onnx
from tests.importers.random_networks import RandomNetwork

Change = Callable[[Any], None]


def layer() -> Any:
    """A model of a quantiser, a convolution and a quantiser."""
    net = Net([1, 2, 5, 5])
    q = net.quant("x", 0.5, 3)
    w = net.quant(net.constant(np.ones((3, 2, 3, 3))), 0.25, 3, narrow=1)
    y = net.node("Conv", q, w, pads=[1, 1, 1, 1], strides=[1, 1])
    return net.model(net.quant(y, 0.5, 4))


def tensor(model: Any, index: int, values: Any) -> None:
    """Change the elements of an initializer."""
    name = model.graph.initializer[index].name
    model.graph.initializer[index].CopyFrom(
        onnx.numpy_helper.from_array(np.asarray(values, np.float32), name)
    )


def attribute(model: Any, node: int, name: str) -> Any:
    return next(a for a in model.graph.node[node].attribute if a.name == name)


def changed(**fields: Any) -> Change:
    """Change fields of the convolution."""

    def change(model: Any) -> None:
        for name, value in fields.items():
            setattr(model.graph.node[2], name, value)

    return change


def padded(model: Any) -> None:
    attribute(model, 2, "pads").ints[0] = 1 << 40


def strided(model: Any) -> None:
    attribute(model, 2, "strides").ints[1] = 0


def cyclic(model: Any) -> None:
    model.graph.node[0].input[0] = model.graph.node[2].output[0]


def twice(model: Any) -> None:
    model.graph.node[1].output[0] = model.graph.node[0].output[0]


def huge_input(model: Any) -> None:
    for dim in model.graph.input[0].type.tensor_type.shape.dim[2:]:
        dim.dim_value = 32000


def huge_initializer(model: Any) -> None:
    model.graph.initializer[3].dims[0] = 10**9


def short_initializer(model: Any) -> None:
    model.graph.initializer[3].dims[0] = 4


def rounding(model: Any) -> None:
    attribute(model, 0, "rounding_mode").s = b"NEAREST"


def outside(model: Any) -> None:
    tensor_ = model.graph.initializer[3]
    tensor_.data_location = onnx.TensorProto.EXTERNAL
    tensor_.ClearField("raw_data")
    for key, value in (("location", "../../etc/passwd"), ("length", "216")):
        tensor_.external_data.add(key=key, value=value)


def weights(model: Any) -> None:
    tensor(model, 3, np.ones((3, 4, 3, 3)))


CHANGES: dict[str, tuple[Change, str]] = {
    "unknown operator": (
        changed(op_type="Swish"),
        "node 'Conv_2' (Swish): operator 'Swish' is not supported",
    ),
    "unknown domain": (
        changed(domain="com.example"),
        "node 'Conv_2' (Conv): operator 'Conv' of domain 'com.example' is not supported",
    ),
    "cycle": (cyclic, "node 'Quant_0' (Quant): the graph has a cycle"),
    "two outputs of one name": (twice, "node 'Quant_1' (Quant): output 'Quant_0_out' is defined"),
    "absurd padding": (
        padded,
        "node 'Conv_2' (Conv): attribute 'pads' is [1099511627776, 1, 1, 1]",
    ),
    "no stride": (strided, "node 'Conv_2' (Conv): attribute 'strides' is [1, 0]"),
    "other channels": (weights, "node 'Conv_2' (Conv): attribute 'group' is 1: x has 2 channels"),
    "huge input": (huge_input, "node 'Quant_0' (Quant): the result has shape [1, 2, 32000, 32000]"),
    "huge initializer": (huge_initializer, "initializer 'c3': shape [1000000000, 2, 3, 3]"),
    "short initializer": (short_initializer, "initializer 'c3': 216 bytes, shape [4, 2, 3, 3]"),
    "external data": (outside, "initializer 'c3': external data '../../etc/passwd' is no file in"),
    "rounding": (rounding, "(Quant): attribute 'rounding_mode' is 'NEAREST', allowed: ROUND"),
    "no scale": (lambda m: tensor(m, 0, 0), "node 'Quant_0' (Quant): input 1, the scale, is 0"),
    "NaN": (lambda m: tensor(m, 0, np.nan), "node 'Quant_0' (Quant): input 1: a number is NaN"),
    "infinite": (lambda m: tensor(m, 0, np.inf), "node 'Quant_0' (Quant): input 1: not all"),
    "bit width": (lambda m: tensor(m, 2, 99), "input 3, the bit width, is 99: integers of 1 .. 32"),
    "half a bit": (lambda m: tensor(m, 2, 2.5), "the bit width, is 2.5"),
    "NaN weights": (lambda m: tensor(m, 3, np.full((3, 2, 3, 3), np.nan)), "'Conv_2' (Conv)"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_diagnostics(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change, says = CHANGES[name]
    model = layer()
    change(model)
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    assert main(["inspect", str(path), "--level=tensors"]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {path}: ")
    assert captured.err.count("\n") == 1
    assert says in captured.err
    assert captured.out == ""


def test_truncated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = layer().SerializeToString()
    path = tmp_path / "net.onnx"
    for size in (0, 1, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        assert main(["inspect", str(path)]) == 1
        assert f"error: {path}: not an ONNX model" in capsys.readouterr().err


def test_external_data_beside_the_model(tmp_path: Path) -> None:
    from lowering.importers.lower_model import Model  # noqa: PLC0415

    model = layer()
    path = tmp_path / "net.onnx"
    onnx.save(model, path)
    expected = str(Model.open(path).lowered().module)
    onnx.save(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    assert str(Model.open(path).lowered().module) == expected
    (tmp_path / "w.bin").write_bytes(b"short")
    with pytest.raises(ValueError, match=r"external data .w\.bin. has 5 bytes"):
        Model.open(path)


def test_unsorted_thresholds_are_counted(tmp_path: Path) -> None:
    """What QONNX's executor does with them is what they mean."""
    from lowering.importers.import_onnx import import_model  # noqa: PLC0415
    from lowering.importers.lower_model import Model  # noqa: PLC0415

    texts = []
    for row in ([2.0, -1.0, 0.5], [-1.0, 0.5, 2.0]):
        net = Net([1, 2])
        t = net.constant([row])
        y = net.node("MultiThreshold", "x", t, domain="qonnx.custom_op.general", out_dtype="UINT2")
        model = Model("net", import_model(net.model(y)), ("x",), (y,))
        texts.append(str(model.lowered().module))
    assert texts[0] == texts[1]


def mutations(folder: Path, seed: int, count: int) -> None:
    """Models with changed bytes and changed parts, in a process whose memory is bounded."""
    paths = []
    for number in (0, 2, 4, 9, 15):
        paths.append(folder / f"net{number}.onnx")
        onnx.save(RandomNetwork(number).model, paths[-1])
    command = [sys.executable, "-m", "tests.importers.mutated", str(seed), str(count)]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*command, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=root,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-200:], done.stderr[-2000:])


def test_mutated_models(tmp_path: Path) -> None:
    mutations(tmp_path, 0, 200)


@pytest.mark.sweep
def test_more_mutated_models(tmp_path: Path) -> None:
    for start in range(1000, 3000, 500):
        mutations(tmp_path, start, 500)
