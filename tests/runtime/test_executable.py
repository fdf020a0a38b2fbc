"""Calling compiled functions: what they take, what they give, and what they refuse."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from xdsl.utils.exceptions import ParseError, VerifyException

from lowbit_dialect.codes import parse_code
from lowbit_dialect.interpreters.run import interpret
from lowering.targets import TARGETS, get_target
from runtime import Executable, PackedArray, compile
from runtime.source import parse_module
from runtime.tensor_spec import TensorSpec
from tests.guard import misaligned
from tests.memory_orders import arrays_of, broadcasts_of

LAYOUT = "#lowbit.packed<axis = 1, word = i32, order = [0, p, 1]>"
FRAMED = "#lowbit.packed<axis = 1, word = i8, order = [p, 0, 1], frame = [1, 0, 0, 0]>"


def function(
    body: str, inputs: list[str], outputs: list[str], use_cache: bool = True
) -> Executable:
    """A function @main of tensors called %0, %1 .., its results written by `body`."""
    arguments = ", ".join(f"%a{i}: {t}" for i, t in enumerate(inputs))
    return compile(
        f"func.func @main({arguments}) -> ({', '.join(outputs)}) {{\n{body}\n}}",
        use_cache=use_cache,
    )


def identity(type_: str) -> Executable:
    """The function that copies its input."""
    return function(f"return %a0 : {type_}", [type_], [type_])


def matmul(m: int, k: int, n: int, x: str = "unipolar<2>", w: str = "bipolar<1>") -> Executable:
    """A matrix product with weights as an argument."""
    types = [f"tensor<{m}x{k}x!lowbit.{x}>", f"tensor<{k}x{n}x!lowbit.{w}>"]
    y = f"tensor<{m}x{n}xi32>"
    return function(
        f"%y = lowbit.matmul %a0, %a1 : ({', '.join(types)}) -> {y}\nreturn %y : {y}", types, [y]
    )


CODES = [
    *(f"{kind}<{bits}>" for kind in ("unipolar", "bipolar", "signed") for bits in (1, 2, 4, 7, 8)),
    *("codebook<1, [7, -3]>", "codebook<2, [0, 300, -300, 5]>", "codebook<2, [-1, 0, 1, 100]>"),
]


@pytest.mark.parametrize("code", CODES)
def test_every_dtype_that_holds_a_value_gives_it(code: str):
    values = parse_code(code).values
    f = identity(f"tensor<{len(values)}x!lowbit.{code}>")
    expected = f(values)
    np.testing.assert_array_equal(expected, values)
    for dtype in "?bBhHiIlL":
        if np.array_equal(values.astype(dtype), values):
            given = values.astype(dtype)
            np.testing.assert_array_equal(f(given), expected)
            np.testing.assert_array_equal(f(np.stack([given, given], axis=1)[:, 0]), expected)
            np.testing.assert_array_equal(f(given.astype(given.dtype.newbyteorder())), expected)


@pytest.mark.parametrize("code", CODES)
def test_every_memory_order_gives_the_values(code: str):
    values = np.resize(parse_code(code).values, (2, 3, 5))
    f = identity(f"tensor<2x3x5x!lowbit.{code}>")
    for name, array in (*arrays_of(values), *broadcasts_of(values)):
        assert f(array).tolist() == array.tolist(), name


@pytest.mark.parametrize("element", ["i8", "i16", "i32", "i64", "f32", "f64", "i1"])
def test_every_memory_order_of_builtin_elements(element: str):
    f = identity(f"tensor<2x3x5x{element}>")
    values = np.arange(30).reshape(2, 3, 5) % (2 if element == "i1" else 100)
    (spec,) = f.signature.arguments
    for name, array in arrays_of(values):
        if spec.dtype.kind != "f":
            assert f(array).tolist() == values.tolist(), name
            continue
        for swapped in (spec.dtype, spec.dtype.newbyteorder()):
            given = array.astype(swapped) / 2  # in the memory order of the array
            assert f(given.astype(swapped)).tolist() == (values / 2).tolist(), name


def test_every_memory_order_of_words():
    f, _ = packed_function()
    values = np.resize(np.arange(-4, 4), (3, 11))
    g = identity(f"tensor<3x11x!lowbit.signed<3>, {LAYOUT}>")
    for function in (f, g):
        expected = function(values).words
        for name, array in (*arrays_of(values), *broadcasts_of(values)):
            assert function(array).values.tolist() == array.tolist(), name
        for name, array in arrays_of(expected.astype(np.int64)):
            if array.dtype.newbyteorder("=") == expected.dtype:
                assert function(array).words.tolist() == expected.tolist(), name


def test_arrays_without_dimensions():
    for type_, value in (("i32", -7), ("!lowbit.signed<4>", -7), ("!lowbit.bipolar<3>", -7)):
        f = identity(f"tensor<{type_}>")
        for dtype in ("i1", "<i4", ">i2", ">i8"):
            y = f(np.array(value, dtype))
            assert (y.shape, y.item()) == ((), value)
        assert f(value).item() == value
        out = np.zeros((), y.dtype)
        assert f(value, out=out) is out
        assert out.item() == value
        with pytest.raises(ValueError, match=r"1000000000000 at index \[\]"):
            f(10**12)


def test_bytes_of_booleans():
    flags = np.array([0, 1, 2, 255], np.uint8).view(np.bool_)
    for type_ in ("i1", "!lowbit.unipolar<1>", "!lowbit.unipolar<8>", "i8"):
        y = identity(f"tensor<4x{type_}>")(flags)
        np.testing.assert_array_equal(y.view(np.uint8), [0, 1, 1, 1])


def test_constants_of_bytes_that_are_no_booleans():
    text = """func.func @main() -> tensor<4xi1> {
      %c = arith.constant dense<"0x000102FF"> : tensor<4xi1>
      func.return %c : tensor<4xi1>
    }"""
    (interpreted,) = interpret(parse_module(text), "main")
    assert compile(text)().tolist() == np.asarray(interpreted).tolist() == [0, 1, 0, 1]


def test_masked_arrays():
    f = identity("tensor<3xi8>")
    x = np.ma.masked_array([1, 2, 3], mask=[False, True, False])
    with pytest.raises(ValueError, match="input 0: some elements are masked"):
        f(x)
    assert f(np.ma.masked_array([1, 2, 3])).tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="out 0: a masked array"):
        f([1, 2, 3], out=np.ma.zeros(3, np.int8))


@pytest.mark.parametrize("code", CODES)
def test_no_dtype_smuggles_another_value_in(code: str):
    values = parse_code(code).values
    allowed = set(values.tolist())
    f = identity(f"tensor<2x!lowbit.{code}>")
    wrong = [v for v in (-32769, -301, -257, -256, -129, -3, 2, 3, 16, 255, 256, 301, 65536)]
    for value in wrong:
        for dtype in "bBhHiIlL":
            limits = np.iinfo(dtype)
            if value in allowed or not limits.min <= value <= limits.max:
                continue
            first = next(v for v in allowed if limits.min <= v <= limits.max)
            with pytest.raises(
                ValueError, match=rf"input 0: {value} at index \[1\] is not a value"
            ):
                f(np.array([first, value], dtype))


def test_results_have_the_narrowest_dtype():
    for code, dtype in (("unipolar<8>", "u1"), ("signed<8>", "i1"), ("bipolar<8>", "i2")):
        f = identity(f"tensor<3x!lowbit.{code}>")
        assert f(np.full(3, parse_code(code).max_value)).dtype == np.dtype(dtype)


@pytest.mark.parametrize("element", ["i8", "i16", "i32", "i64", "f32", "f64", "i1"])
def test_builtin_elements(element: str):
    f = identity(f"tensor<2x3x{element}>")
    (spec,) = f.signature.arguments
    x = np.arange(6).reshape(2, 3).astype(spec.dtype)
    y = f(x)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, x)
    with pytest.raises(ValueError, match=f"input 0: expected dtype {spec.dtype}, got complex128"):
        f(x.astype(complex))


def test_integers_of_any_width_that_fit():
    f = identity("tensor<3xi8>")
    for dtype in "bhilHIL":
        assert f(np.array([1, 2, 127], dtype)).tolist() == [1, 2, 127]
    assert f(np.array([-128, 0, 1], ">i4")).tolist() == [-128, 0, 1]
    with pytest.raises(ValueError, match=r"input 0: 128 at index \[1\] does not fit in int8"):
        f(np.array([1, 128, 3]))
    with pytest.raises(ValueError, match=r"input 0: expected dtype int8, got float64"):
        f(np.zeros(3))
    assert identity("tensor<2xi1>")(np.array([0, 1])).tolist() == [False, True]
    with pytest.raises(ValueError, match=r"2 at index \[0\] does not fit in bool, 0 .. 1"):
        identity("tensor<2xi1>")(np.array([2, 1]))


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


def packed_function() -> tuple[Executable, str]:
    """A copy of a packed tensor with a frame and a ragged tail."""
    type_ = f"tensor<3x11x!lowbit.signed<3>, {FRAMED}>"
    return identity(type_), type_


def test_packed_arrays_in_and_out():
    f, _ = packed_function()
    values = np.random.default_rng(0).integers(-4, 4, (3, 11))
    y = f(values)
    assert isinstance(y, PackedArray)
    np.testing.assert_array_equal(y.values, values)
    for given in (y, y.words, np.asfortranarray(y.words)):
        np.testing.assert_array_equal(f(given).words, y.words)
    out = PackedArray(np.full_like(y.words, 255), y.type)
    assert f(values, out=out) is out
    np.testing.assert_array_equal(out.words, y.words)
    other = identity(f"tensor<3x11x!lowbit.signed<3>, {LAYOUT}>")(values)
    with pytest.raises(ValueError, match=r"out 0: expected .* got words of"):
        f(values, out=other)
    words = np.full((*y.words.shape[:-1], 4), 255, np.uint8)[..., ::2]
    f(values, out=words)
    np.testing.assert_array_equal(words, y.words)


@pytest.mark.parametrize(
    ("code", "options", "foreign"),
    [
        ("unipolar<2>", "bytes = levels", [4, 16, 255]),
        ("unipolar<2>", "bytes = levels, shift = 2", [1, 2, 3, 13, 16, 255]),
        ("signed<3>", "bytes = levels, shift = 5", [1, 16, 255]),
        ("unipolar<4>", "bytes = levels, bits = 4", [0x10, 0x80, 0xFF]),
        ("bipolar<3>", "bytes = levels, bits = 4", [0x08, 0x10, 0x80]),
        ("bipolar<1>", "bytes = values", [0, 2, 127, 254]),
        ("unipolar<2>", "bytes = digits", [4, 128, 255]),
        ("bipolar<1>", "bytes = digits", [2, 128, 253]),
    ],
)
def test_bytes_that_stand_for_no_value_are_refused(code: str, options: str, foreign: list[int]):
    layout = f"#lowbit.packed<axis = 1, word = i32, order = [0, 1], {options}>"
    f = identity(f"tensor<2x4x!lowbit.{code}, {layout}>")
    values = np.random.default_rng(0).choice(parse_code(code).values, (2, 4))
    packed = f(values)
    for given in (packed, packed.words, np.asfortranarray(packed.words)):
        assert f(given).values.tolist() == values.tolist()
    for byte in foreign:
        words = packed.words.copy()
        words.reshape(-1).view(np.uint8)[7] = byte
        with pytest.raises(ValueError, match=r"input 0: a (byte stands for|bit outside)"):
            f(words)


def test_bits_outside_the_elements_are_refused():
    f, _ = packed_function()
    words = f(np.zeros((3, 11), int)).words
    for index, bit in (((0, 0, 0), 0), ((2, 0, 1), 2), ((1, 3, 1), 3), ((0, 1, 1), 7)):
        bad = words.copy()
        bad[index] |= 1 << bit
        with pytest.raises(ValueError, match="input 0: a bit outside the elements is set"):
            f(bad)
    good = words.copy()
    good[1, 3, 1] |= 4  # the last element of the last row
    assert f(good).values[2, 10] == 2


def test_packed_inputs_that_do_not_fit():
    f, type_ = packed_function()
    other = identity(f"tensor<3x11x!lowbit.signed<3>, {LAYOUT}>")(np.zeros((3, 11), int))
    with pytest.raises(ValueError, match=f"input 0: expected {type_[:30]}.* got words of"):
        f(other)
    with pytest.raises(
        ValueError, match=r"expected shape \[3, 11\], or words of shape \[3, 4, 2\]"
    ):
        f(other.words)
    with pytest.raises(ValueError, match=r"4 at index \[0, 0\] is not a value of code signed<3>"):
        f(np.full((3, 11), 4))


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


def test_the_entry():
    body = "(%x: tensor<1xi8>) -> tensor<1xi8> { return %x : tensor<1xi8> }"
    two = f"func.func @a{body} func.func @b{body}"
    assert compile(two, entry="b").signature.name == "b"
    assert compile(two + f" func.func @main{body}").signature.name == "main"
    assert compile(f"func.func @a{body}").signature.name == "a"
    with pytest.raises(ValueError, match="none is @main: choose one of @a, @b"):
        compile(two)
    with pytest.raises(ValueError, match="no function @c: the module has @a, @b"):
        compile(two, entry="c")
    with pytest.raises(ValueError, match="the module has no function"):
        compile("builtin.module {}")


def test_modules_that_are_wrong(tmp_path):
    with pytest.raises(ParseError, match=r"Operation foo\.bar is not registered"):
        compile("foo.bar")
    type_ = "tensor<1x!lowbit.unipolar<1>>"
    wrong = f"func.func @f(%x: {type_}) -> {type_} {{\n  return\n}}"
    (tmp_path / "f.mlir").write_text(wrong)
    with pytest.raises(VerifyException, match=r"f\.mlir:2:3: 'func.return'"):
        compile(tmp_path / "f.mlir")
    with pytest.raises(OSError, match="No such file"):
        compile(tmp_path / "none.mlir")
    with pytest.raises(ValueError, match="unknown target 'q'"):
        compile(wrong, "q")
    for target in (None, 5, ["host"]):
        with pytest.raises(ValueError, match="target: expected a name, such as 'host'"):
            compile(wrong, target)  # pyright: ignore
    for module in (None, 5, b"text", ["text"]):
        with pytest.raises(ValueError, match="module: expected a ModuleOp, its text, or the path"):
            compile(module)  # pyright: ignore


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


def test_a_string_that_ends_in_mlir_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    type_ = "tensor<3xi32>"
    text = f"func.func @main(%x: {type_}) -> {type_} {{ func.return %x : {type_} }}"
    (tmp_path / "net.mlir").write_text(text)
    monkeypatch.chdir(tmp_path)
    x = np.arange(3, dtype=np.int32)
    path = tmp_path / "net.mlir"
    for given in ("net.mlir", str(path), path, Path("net.mlir"), text, f"// net.mlir\n{text}"):
        assert np.array_equal(compile(given)(x), x)
    with pytest.raises(FileNotFoundError, match=r"other\.mlir"):
        compile("other.mlir")
    with pytest.raises(FileNotFoundError, match=r"model\.onnx"):
        compile("model.onnx")
    (tmp_path / "bad.mlir").write_text("func.func @main(")
    with pytest.raises(ParseError, match=r"bad\.mlir:1"):
        compile("bad.mlir")


@pytest.mark.parametrize("given", [None, 3, b"func.func", ["net.mlir"]])
def test_what_is_no_module(given: Any):
    with pytest.raises(ValueError, match=r"module: expected a ModuleOp, .* got (NoneType|int|b|l)"):
        compile(given)
