"""Networks of QONNX with known answers: integers inside, one compiled function each."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import f32

from lowbit_dialect.interpreters import interpret
from lowbit_dialect.interpreters.values import to_values
from runtime import compile
from tests.models.paths import model

pytest.importorskip("onnx", reason="no onnx: pip install 'lowbit[onnx]'")

from lowering.importers.lower_model import LoweredModel, Model

TFC = {"1W1A": 92.96, "1W2A": 94.74, "2W2A": 96.60}
"""Per cent of the 10,000 images, with the executor of QONNX."""


def images() -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The test images of MNIST (10000, 1, 28, 28), and their classes."""
    pixels = gzip.decompress(model("mnist/t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress(model("mnist/t10k-labels-idx1-ubyte.gz").read_bytes())
    x = np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 1, 28, 28) / np.float32(255)
    return x.astype(np.float32), np.frombuffer(labels, np.uint8, offset=8)


def words() -> tuple[NDArray[np.float32], dict[str, NDArray]]:
    """The 1000 inputs of KWS-MLP, and what comes with them."""
    data = dict(np.load(model("qonnx_kws/kws01_inputs.npz")))
    scale = np.float32(0.33674246072769165)
    return (data["inputs"] * scale).reshape(-1, 1, 10, 49).astype(np.float32), data


def lowered(path: Path, name: str, x: NDArray) -> LoweredModel:
    found = Model.open(path).lowered({name: x.shape})
    # Floats are at the ends alone: what is quantised first, and what is scaled last.
    floats = [
        op.name
        for op in found.module.walk()
        if any(getattr(r.type, "element_type", None) == f32 for r in op.results)
    ]
    inside = {"lowbit.reshape", "lowbit.dequantize", "lowbit.affine"}
    assert set(floats) <= inside
    assert floats.count("lowbit.dequantize") == 1
    assert not any(record.why_float for record in found.converted.records)
    return found


@pytest.mark.parametrize("bits", TFC)
def test_tfc(bits: str) -> None:
    x, labels = images()
    x, labels = x[:1000], labels[:1000]
    found = lowered(model(f"qonnx_tfc/TFC_{bits}.onnx"), "0", x)
    (y,) = interpret(found.module, "main", x)
    result = compile(found.module)(x)
    assert np.array_equal(result, to_values(y))
    assert (result.argmax(1) == labels).mean() * 100 > TFC[bits] - 3


@pytest.mark.sweep
@pytest.mark.parametrize("bits", TFC)
def test_tfc_on_all_images(bits: str) -> None:
    """The accuracy of the executor, and its classes but where exact arithmetic has a tie."""
    from tests.importers.networks import executed, onnx  # noqa: PLC0415

    x, labels = images()
    path = model(f"qonnx_tfc/TFC_{bits}.onnx")
    result = compile(lowered(path, "0", x).module)(x)
    classes = result.argmax(1)
    assert round((classes == labels).mean() * 100, 2) == TFC[bits]
    whole = onnx.load(path)
    expected = executed(whole, x)[whole.graph.output[0].name]
    differs = np.nonzero(classes != expected.argmax(1))[0]
    best = result[differs].max(1)
    ties = result[differs, expected[differs].argmax(1)] == best
    assert ties.all()
    assert len(differs) <= 10


def test_kws() -> None:
    """The authors' classes, two of which tie with another one in exact arithmetic."""
    x, data = words()
    found = lowered(model("qonnx_kws/kwsmlp_w3a3.onnx"), "inp.1", x)
    result = compile(found.module)(x)
    assert (result.argmax(1) == data["labels"]).mean() == 0.825
    theirs = result[np.arange(len(result)), data["authors_predictions"]]
    is_theirs = result.argmax(1) == data["authors_predictions"]
    assert (is_theirs.sum(), (theirs == result.max(1)).sum()) == (998, 1000)
