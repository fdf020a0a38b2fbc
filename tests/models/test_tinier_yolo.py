"""A real detector, seven convolutions in one function: bit for bit, and packed all the way."""

import subprocess
import sys

import numpy as np
import pytest
from paths import REPOSITORY, model
from xdsl.dialects.builtin import ModuleOp, TensorType, i32

import runtime
from examples.tinier_yolo import LAYERS, build_module, load, macs
from lowbit_dialect.layouts.packed import packed_layout
from lowbit_dialect.ops.bitserial import BitserialConvOp
from lowbit_dialect.ops.pack import BitpackOp, UnpackOp
from lowbit_dialect.ops.pool import MaxPool2DOp
from lowering.pipeline import lower
from tests.sweep import swept

PATH = model("tinier_yolo/tinier_yolo_w1a3.npz")


@pytest.fixture(scope="module")
def module() -> ModuleOp:
    return build_module(load(PATH))


@pytest.mark.parametrize("target", ["host", "host+avx2", *swept("host+sse2")])
def test_output_equals_the_expected_one_bit_for_bit(module: ModuleOp, target: str) -> None:
    data = load(PATH)
    executable = runtime.compile(module, target)
    expected = data["expected_output"][None]
    for num_threads in (1, 2):
        result = executable(data["input"][None], num_threads=num_threads)
        assert isinstance(result, np.ndarray)
        assert result.shape == expected.shape
        assert int(np.sum(result != expected)) == 0


def test_it_has_the_size_that_its_authors_state(module: ModuleOp) -> None:
    assert round(macs(module) / 1e9, 2) == 2.19


@pytest.mark.parametrize("target", ["znver5", "x86-64-v3", "cortex-a53"])
def test_activations_stay_packed_between_the_convolutions(module: ModuleOp, target: str) -> None:
    kernels = module.clone()
    lower(kernels, target, "kernels", "bitserial")
    body = next(iter(kernels.ops)).regions[0].block.ops
    convs = [op for op in body if isinstance(op, BitserialConvOp)]
    assert len(convs) == LAYERS

    for conv in convs:
        assert conv.result.type != conv.accumulator_type, "i32 sums go through memory"
    tensors = [r.type for op in body for r in op.results if isinstance(r.type, TensorType)]
    activations = [t for t in tensors if len(t.get_shape()) == 4]
    assert not [t for t in activations if t.element_type == i32]

    # Packed once, at the input; unpacked, or rather never packed, at the output.
    moves = [op for op in body if isinstance(op, BitpackOp | UnpackOp)]
    assert [type(op) for op in moves] == [BitpackOp]
    assert moves[0].x is kernels_input(kernels)
    between = [op.result for op in body if isinstance(op, BitserialConvOp | MaxPool2DOp)][:-1]
    assert all(packed_layout(value.type) is not None for value in between)


def kernels_input(module: ModuleOp):
    return next(iter(module.ops)).regions[0].block.args[0]


def example(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "examples/tinier_yolo.py", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_the_example_says_that_all_outputs_are_equal() -> None:
    done = example(str(PATH), "--runs", "2")
    assert done.returncode == 0, done.stderr
    assert "86528 of 86528 outputs equal\n" in done.stdout
    assert "GMAC/s" in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.npz", None, "No such file or directory"),
        ("text.npz", b"no archive", "not the network's .npz file"),
        ("array.npz", "array", "not the network's .npz file"),
        ("other.npz", "archive", "it has no conv1_flip, conv1_thresholds, conv1_weight_shape"),
        ("cut.npz", "cut", "not the network's .npz file"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path, name: str, content, message: str) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    elif content == "archive":
        np.savez(path, input=np.zeros(3))
    elif content == "cut":
        path.write_bytes(PATH.read_bytes()[:100_000])
    done = example(str(path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {path}: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
