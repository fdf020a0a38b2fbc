"""The digits example: the committed module is the trained network, on every image there is."""

import subprocess
import sys
import zlib

import numpy as np
import pytest
from paths import REPOSITORY

import runtime
from examples.digits import data
from examples.digits.integer_net import forward
from examples.digits.module import FILE, build_module, measured_of, read_net
from examples.digits.report import float_operations, layers, macs, weight_bytes
from lowbit_dialect.ops.elementwise import DequantizeOp
from lowering.pipeline import lower
from runtime.source import parse_module
from tests.sweep import swept

MODULE = parse_module(FILE.read_text(), str(FILE))


def test_the_file_is_what_its_own_network_builds() -> None:
    assert str(build_module(read_net(MODULE), measured_of(MODULE))) + "\n" == FILE.read_text()


def test_integer_network_gives_the_logits_and_the_accuracy_that_training_recorded() -> None:
    digits, measured = data.load(), measured_of(MODULE)
    logits = forward(read_net(MODULE), digits.images)
    assert zlib.crc32(logits.astype("<i4").tobytes()) == measured.logits_crc32
    correct = logits.argmax(axis=1) == digits.labels
    assert correct[digits.test_index].mean() == measured.integer_accuracy
    assert measured.integer_accuracy > 0.99


@pytest.mark.parametrize("target", ["host", *swept("host+avx2"), "host+sse2"])
def test_compiled_logits_are_numpys_bit_for_bit(target: str) -> None:
    digits, net = data.load(), read_net(MODULE)
    expected = forward(net, digits.images).astype(np.float32) * np.float32(net.head_scale)
    executable = runtime.compile(FILE, target)
    for threads in (1, 2):
        images = digits.images if threads == 1 else digits.images[:100]
        results = [np.asarray(executable(image[None], num_threads=threads)) for image in images]
        assert np.array_equal(np.reshape(results, (-1, 10)), expected[: len(images)])


def test_weights_take_one_bit_each() -> None:
    size = weight_bytes(MODULE)
    assert (size.packed, size.float32) == (8420, 32 * 8420)


def test_only_the_last_scale_is_float() -> None:
    kernels = MODULE.clone()
    lower(kernels, "znver5", "kernels")
    assert [type(op) for op in float_operations(kernels)] == [DequantizeOp]
    assert sum(macs(op) for op in layers(kernels)) == 1_495_552


def test_the_example_runs() -> None:
    command = [sys.executable, "-m", "examples.digits.run"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1797 of 1797 images: logits equal" in done.stdout
    assert "99.33 %" in done.stdout
