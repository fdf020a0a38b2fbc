"""Calling compiled functions: what they take, what they give, and what they refuse."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np
import pytest

from lowering.targets import TARGETS, get_target
from runtime import compile
from runtime.tensor_spec import TensorSpec
from tests.guard import misaligned
from tests.runtime.programs import function, identity, matmul
from tests.runtime.test_argument_arrays import CODES
from tests.runtime.test_packed_arguments import packed_function


def test_a_call_does_not_change_or_keep_its_inputs():
    f = matmul(3, 5, 2)
    x, w = np.full((3, 5), 3, np.uint8), np.ones((5, 2), np.int8)
    first = f(x, w)
    second = f(x * 0, w)
    assert first.tolist() == [[15, 15]] * 3
    assert second.tolist() == [[0, 0]] * 3
    np.testing.assert_array_equal(x, 3)


class Tensor:
    """What a framework's tensor looks like to us: DLPack and nothing else."""

    def __init__(self, array: np.ndarray):
        self.array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()


class OldTensor(Tensor):
    """A tensor of a framework that knows DLPack before version 1."""

    def __dlpack__(self, stream: Any = None) -> Any:  # pyright: ignore
        return self.array.__dlpack__()


def test_inputs_of_any_kind():
    f = matmul(2, 3, 1, w="signed<4>")
    x, w = np.array([[0, 1, 2], [3, 2, 1]], np.uint8), np.array([[1], [-8], [7]], np.int8)
    expected = x.astype(int) @ w
    for given in (
        x,
        Tensor(x),
        OldTensor(x),
        x.data,
        x.tolist(),
        np.asfortranarray(x),
        x.astype(object),
    ):
        if isinstance(given, np.ndarray) and given.dtype == object:
            with pytest.raises(ValueError, match="input 0"):
                f(given, w)
            continue
        np.testing.assert_array_equal(f(given, w), expected)
    read_only = x.copy()
    read_only.flags.writeable = False
    np.testing.assert_array_equal(f(read_only, w), expected)
    np.testing.assert_array_equal(f(misaligned(x), misaligned(w)), expected)
    np.testing.assert_array_equal(f(x[::-1, ::-1], w[::-1]), x[::-1, ::-1].astype(int) @ w[::-1])


@pytest.mark.parametrize("bad", [None, "text", {1: 2}, [[1, 2], [3]], object()])
def test_inputs_that_are_no_arrays(bad: Any):
    with pytest.raises(ValueError, match="input 0: "):
        matmul(2, 3, 1)(bad, np.ones((3, 1), np.int8))


def test_numbers_of_arguments():
    f = matmul(2, 3, 1)
    with pytest.raises(ValueError, match="expected 2 inputs, got 1"):
        f(np.zeros((2, 3), np.uint8))
    with pytest.raises(ValueError, match=r"input 1: expected shape \[3, 1\], got \[1, 3\]"):
        f(np.zeros((2, 3), np.uint8), np.ones((1, 3), np.int8))
    for bad in (0, -1, 1.5, "2", None):
        with pytest.raises(ValueError, match="num_threads must be an integer of at least 1"):
            f(np.zeros((2, 3), np.uint8), np.ones((3, 1), np.int8), num_threads=bad)  # pyright: ignore


def test_out_is_filled_and_returned():
    f = matmul(2, 3, 4)
    x, w = np.ones((2, 3), np.uint8), np.ones((3, 4), np.int8)
    expected = f(x, w)
    plain = np.empty((2, 4), np.int32)
    assert f(x, w, out=plain) is plain
    np.testing.assert_array_equal(plain, expected)
    strided = np.full((4, 8), -1, np.int32)
    f(x, w, out=strided[::2, 1::2])
    np.testing.assert_array_equal(strided[::2, 1::2], expected)
    assert (strided[1::2] == -1).all()
    assert (strided[:, ::2] == -1).all()
    fortran = np.empty((2, 4), np.int32, order="F")
    np.testing.assert_array_equal(f(x, w, out=fortran), expected)
    bytes_ = np.empty(33, np.uint8)
    unaligned = bytes_[1:].view(np.int32).reshape(2, 4)
    np.testing.assert_array_equal(f(x, w, out=unaligned), expected)
    shared = np.empty((2, 4), np.int32)
    f(x, w, out=Tensor(shared))
    np.testing.assert_array_equal(shared, expected)
    shared[...] = 0
    f(x, w, out=OldTensor(shared))
    np.testing.assert_array_equal(shared, expected)
    turned = np.zeros((4, 2), np.int32)
    f(x, w, out=OldTensor(turned.T))
    np.testing.assert_array_equal(turned.T, expected)
    buffer = np.empty((2, 4), np.int32)
    f(x, w, out=buffer.data)
    np.testing.assert_array_equal(buffer, expected)


def test_out_of_another_kind():
    f = matmul(2, 3, 4)
    x, w = np.ones((2, 3), np.uint8), np.ones((3, 4), np.int8)
    read_only = np.zeros((2, 4), np.int32)
    read_only.flags.writeable = False
    for bad, says in (
        (np.empty((2, 4), np.int64), r"out 0: expected int32 of shape \[2, 4\], got int64"),
        (np.empty((4, 2), np.int32), r"got int32 of shape \[4, 2\]"),
        (read_only, "out 0: the array is read-only"),
        (Tensor(read_only), "out 0: (the array is read-only|not memory that can be written)"),
        (OldTensor(read_only), "out 0: not memory that can be written"),
        (5, "out 0: not memory that can be written"),
        ([[0] * 4] * 2, "out 0: not memory that can be written"),
        (bytes(32), "out 0: the array is read-only"),
    ):
        with pytest.raises(ValueError, match=says):
            f(x, w, out=bad)
    kept = np.full((2, 4), 7, np.int32)
    with pytest.raises(ValueError, match="input 0"):
        f(x + 4, w, out=kept)
    assert (kept == 7).all()


def test_out_may_overlap_the_inputs():
    type_ = "tensor<64x!lowbit.unipolar<4>>"
    f = function(
        f"%y = lowbit.add %a0, %a1 : ({type_}, {type_}) -> {type_}\nreturn %y : {type_}",
        [type_, type_],
        [type_],
    )
    memory = np.arange(80, dtype=np.uint8) % 8
    x, out = memory[:64], memory[7:71]
    expected = np.minimum(x.astype(int) + x[::-1], 15)
    f(x, x[::-1], out=out)
    np.testing.assert_array_equal(out, expected)
    x = np.arange(64, dtype=np.uint8) % 8
    np.testing.assert_array_equal(f(x, x, out=x), (np.arange(64) % 8) * 2)


def test_several_outputs():
    type_ = "tensor<3x!lowbit.bipolar<2>>"
    f = function(f"return %a0, %a1 : {type_}, {type_}", [type_, type_], [type_, type_])
    a, b = np.array([-3, -1, 1]), np.array([3, 1, -1])
    first, second = f(a, b)
    assert (first.tolist(), second.tolist()) == (a.tolist(), b.tolist())
    outs = [np.empty(3, np.int8), np.empty(6, np.int8)[::2]]
    assert f(a, b, out=outs) is outs
    assert [o.tolist() for o in outs] == [a.tolist(), b.tolist()]
    memory = np.full(8, 7, np.int8)
    f(a, b, out=(memory[:6:2], memory[1:6:2]))  # side by side
    assert memory.tolist() == [-3, 3, -1, 1, 1, -1, 7, 7]
    for second in (memory[:3], memory[2:5], memory[2::-1]):
        with pytest.raises(ValueError, match="out 1: shares memory with out 0"):
            f(a, b, out=(memory[:3], second))
    assert memory.tolist() == [-3, 3, -1, 1, 1, -1, 7, 7]
    spread = np.lib.stride_tricks.as_strided(memory, (3,), (0,))
    with pytest.raises(ValueError, match="out 0: elements of the array share memory"):
        f(a, b, out=(spread, memory[3:6]))
    with pytest.raises(ValueError, match="out: expected a list of 2 arrays, got 1"):
        f(a, b, out=[outs[0]])
    with pytest.raises(ValueError, match="out: expected a list of 2 arrays, got ndarray"):
        f(a, b, out=outs[0])


def test_run_takes_buffers_as_they_are():
    f = matmul(3, 5, 2, w="signed<2>")
    x, w = np.full((3, 5), 3, np.uint8), np.full((5, 2), -2, np.int8)
    result = np.empty((3, 2), np.int32)
    workspace = np.zeros(f.signature.workspace, np.uint8)
    for threads in (1, 2):
        result[...] = 0
        f.run([x, w], [result], threads, workspace)
        assert (result == -30).all()


def test_calls_from_many_threads():
    f = matmul(16, 40, 24)
    rng = np.random.default_rng(0)
    w = rng.choice([-1, 1], (40, 24))
    wrong: list[int] = []

    def call(seed: int) -> None:
        x = np.random.default_rng(seed).integers(0, 4, (16, 40))
        for i in range(60):
            if not np.array_equal(f(x, w, num_threads=1 + (seed + i) % 3), x @ w):
                wrong.append(seed)

    threads = [threading.Thread(target=call, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert wrong == []


@pytest.mark.parametrize("threads", [1, 2, 3, 7, 64])
def test_any_number_of_threads(threads: int):
    rng = np.random.default_rng(threads)
    x, w = rng.integers(0, 4, (5, 33)), rng.choice([-1, 1], (33, 18))
    np.testing.assert_array_equal(matmul(5, 33, 18)(x, w, num_threads=threads), x @ w)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_threads_after_a_fork():
    f = matmul(5, 33, 18)
    rng = np.random.default_rng(0)
    x, w = rng.integers(0, 4, (5, 33)), rng.choice([-1, 1], (33, 18))
    assert np.array_equal(f(x, w, num_threads=3), x @ w)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(f(x, w, num_threads=3), x @ w) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_the_machine_must_be_able_to_run_it():
    text = "func.func @f(%x: tensor<1xi8>) -> tensor<1xi8> { return %x : tensor<1xi8> }"
    host = get_target("host")
    for name, target in TARGETS.items():
        if target.arch == host.arch and target.isa <= host.isa:
            assert compile(text, name)(np.array([5], np.int8)).tolist() == [5]
        else:
            with pytest.raises(ValueError, match=f"cannot run code for {name}"):
                compile(text, name)


def test_a_feature_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    weak = get_target("x86-64" if get_target("host").arch == "x86_64" else "cortex-a53")
    strong = "x86-64-v3" if weak.arch == "x86_64" else "neoverse-n1"
    monkeypatch.setattr(
        "runtime.host.get_target", lambda name: weak if name == "host" else get_target(name)
    )
    with pytest.raises(ValueError, match=f"cannot run code for {strong}: it lacks .*"):
        compile("func.func @f() { return }", strong)


def test_specifications_survive_json():
    types = [identity(f"tensor<2x9x!lowbit.{c}>").signature.inputs[0] for c in CODES[::3]]
    types += [
        packed_function()[0].signature.inputs[0],
        identity("tensor<2xf32>").signature.inputs[0],
    ]
    for type_ in types:
        spec = TensorSpec.of(type_)
        again = TensorSpec.from_json(spec.to_json())
        assert again == spec
        assert again.type == type_
        assert again.value_dtype == spec.value_dtype
