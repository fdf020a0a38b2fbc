"""Whatever goes wrong: one line on stderr, an exit code, and never a traceback."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from lowering.llvm.object import CompileError
from runtime.object_cache import cache
from tests.cli.conftest import CONV, Lowbit, Work


def run(lowbit: Lowbit, work: Work, *more: object, x: str = "x.npy", module: str = "conv.mlir"):
    """Run the convolution with something changed."""
    inputs = ("-i", work / x, "-i", work / "w.npy")
    return lowbit("run", work / module, *inputs, "-o", work / "y.npy", *more)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("tensor<1x5x6x20x", "tensor<1x5x6x20y"), "conv.mlir:1:"),
        (("padding [1, 1, 1, 1]", "padding [1, 1, 1, 0]"), "conv.mlir:3:3: 'lowbit.conv2d':"),
        (("padding [1, 1, 1, 1]", "padding [1, 1]"), "padding"),
        (("lowbit.conv2d", "lowbit.conv3d"), "conv.mlir:3:22: Operation lowbit.conv3d"),
        (("return %y", "return %z"), "values used but not defined: [%z]"),
        (("}", ""), "conv.mlir"),
        ((CONV, ""), "conv.mlir:1:1: the input is empty"),
        ((CONV, "builtin.module {}"), "the module has no function"),
        ((CONV, "\0"), "conv.mlir:1:1"),
        (("bipolar<1>", "codebook<1, [3, 5]>"), "codebook<1, [3, 5]>"),
        (("unipolar<2>", "unipolar<9>"), "unipolar code of 9 bits: 1 to 8 are allowed"),
    ],
)
def test_wrong_ir(lowbit: Lowbit, work: Work, change: tuple[str, str], says: str):
    (work / "conv.mlir").write_text(CONV.replace(*change))
    result = run(lowbit, work)
    assert result.code == 1
    assert says in result.message
    assert not (work / "y.npy").exists()


def test_an_output_that_takes_no_byte(lowbit: Lowbit, work: Work):
    result = lowbit("compile", work / "conv.mlir", "--emit=llvm", "-o", "/dev/full")
    assert (result.code, result.out) == (1, "")
    assert result.message == "error: /dev/full: No space left on device"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_module(lowbit: Lowbit, device: str):
    result = lowbit("inspect", device)
    assert result.message == f"error: {device}: a device: expected a file or a pipe with MLIR"


LAYER: dict[str, object] = {"id": "a", "padding": 1, "kernel": 3, "height": 4, "width": 4}
LAYER |= {"stride": 1, "in_channels": 8, "out_channels": 8}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"padding": "x"}, "padding: expected an integer, got 'x'"),
        ({"out_channels": 0}, "out_channels: expected an integer from 1 on, got 0"),
        ({"kernel": [3]}, "kernel: expected an integer, got [3]"),
        (None, "no entry 'resnet18_convs'"),
    ],
)
def test_wrong_workloads(lowbit: Lowbit, work: Work, change: dict[str, object] | None, says: str):
    layers = {} if change is None else {"resnet18_convs": [LAYER | change], "gemms": []}
    path = work / "layers.json"
    path.write_text(json.dumps(layers))
    result = lowbit("bench", "--workloads", path)
    assert result.message == f"error: {path}: not a list of workloads: {says}"


def test_not_text(lowbit: Lowbit, work: Work):
    (work / "conv.mlir").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in run(lowbit, work).message


@pytest.mark.parametrize("command", ["run", "compile", "inspect", "tune"])
def test_a_model_of_onnx(lowbit: Lowbit, work: Work, command: str):
    model = work / "model.onnx"
    model.write_bytes(b"\x08\x07\x12\x04test")
    done = lowbit(command, model, *(("-o", work / "out/") if command == "compile" else ()))
    assert (done.code, done.out) == (1, "")
    assert done.message.startswith(f"error: {model}: not an ONNX model")


def _npy(array: np.ndarray, path: Path) -> bytes:
    np.save(path, array, allow_pickle=True)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((1, 5, 6, 21), np.uint8), "expected shape [1, 5, 6, 20], got [1, 5, 6, 21]"),
        (np.zeros((1, 5, 6, 20), np.float32), "got dtype float32"),
        (np.zeros((1, 5, 6, 20), complex), "got dtype complex128"),
        (np.full((1, 5, 6, 20), 4), "4 at index [0, 0, 0, 0] is not a value of code unipolar<2>"),
        (np.full((1, 5, 6, 20), -1), "-1 at index [0, 0, 0, 0]"),
        (np.full((1, 5, 6, 20), 1 << 40), f"{1 << 40} at index"),
        (np.array([{"a": 1}], object), "allow_pickle=False"),
        (np.zeros((1, 5, 6, 20), [("a", "u1")]), "got dtype"),
        (np.zeros((1, 5, 6, 20), "S1"), "got dtype |S1"),
    ],
)
def test_wrong_arrays(lowbit: Lowbit, work: Work, array: np.ndarray, says: str):
    _npy(array, work / "bad.npy")
    result = run(lowbit, work, x="bad.npy")
    assert result.code == 1
    assert says in result.message
    assert "bad.npy" in result.message


def test_truncated_arrays(lowbit: Lowbit, work: Work):
    whole = (work / "x.npy").read_bytes()
    for length in (0, 3, 6, 8, 10, 40, 127, 128, 200, len(whole) - 1):
        (work / "bad.npy").write_bytes(whole[:length])
        result = run(lowbit, work, x="bad.npy")
        assert result.code == 1
        assert "bad.npy: not a readable .npy file" in result.message


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<i8', 'fortran_order': False, 'shape': (999999999999999,), }",
        b"{'descr': '<i8', 'fortran_order': False, 'shape': (-1,), }",
        b"{'descr': '<i8', 'fortran_order': 0, 'shape': (1,), }",
        b"{'descr': 'q8', 'fortran_order': False, 'shape': (1,), }",
        b"{'descr': '<i8'",
        b"__import__('os')",
        b"((((((((((",
    ],
)
def test_damaged_headers(lowbit: Lowbit, work: Work, header: bytes):
    magic = b"\x93NUMPY\x01\x00" + len(header + b"\n").to_bytes(2, "little")
    (work / "bad.npy").write_bytes(magic + header + b"\n")
    result = run(lowbit, work, x="bad.npy")
    assert result.code == 1
    assert "bad.npy" in result.message


def test_npz_is_no_array(lowbit: Lowbit, work: Work):
    np.savez(work / "bad.npz", x=work.x)
    assert "not a readable .npy file" in run(lowbit, work, x="bad.npz").message


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--target", "cortex-a53"), "cannot run code for cortex-a53 (aarch64)"),
        (("--target", "nonsense"), "unknown target 'nonsense': expected one of host, "),
        (("--target", "host+mmx"), "unknown instruction-set class 'mmx'"),
        (("--entry", "other"), "no function @other: the module has @main"),
        (("-i", "nothing.npy"), "nothing.npy: No such file or directory"),
        (("-o", "z.npy"), "@main gives 1 results, got 2 of --output"),
    ],
)
def test_wrong_requests(lowbit: Lowbit, work: Work, more: tuple[str, ...], says: str):
    result = run(lowbit, work, *more)
    assert result.code == 1
    assert says in result.message


def test_wrong_numbers_of_files(lowbit: Lowbit, work: Work):
    result = lowbit("run", work / "conv.mlir", "-i", work / "x.npy")
    assert "@main takes 2 inputs (tensor<1x5x6x20x!lowbit.unipolar<2>>, " in result.message
    same = ("-o", work / "a.npy", "-o", work / "a.npy")
    assert "one file twice" in lowbit("run", work / "conv.mlir", *same).message


def test_outputs_that_cannot_be(lowbit: Lowbit, work: Work):
    inputs = ("-i", work / "x.npy", "-i", work / "w.npy")
    for output, says in (
        (work.folder, "Is a directory"),
        (work / "no" / "y.npy", "No such file or directory"),
        (work / "x.npy" / "y.npy", "No such file or directory"),
    ):
        result = lowbit("run", work / "conv.mlir", *inputs, "-o", output)
        assert result.code == 1
        assert result.message == f"error: {output}: {says}"


def test_several_functions_need_a_name(lowbit: Lowbit, work: Work):
    result = lowbit("run", work / "pack.mlir", "-i", work / "p.npy")
    assert "none is @main: choose one of @pack, @unpack" in result.message


def test_impossible_caches(lowbit: Lowbit, work: Work, monkeypatch: pytest.MonkeyPatch):
    for place in (work / "x.npy", work / "x.npy" / "below", Path("/proc/nothing")):
        monkeypatch.setenv("LOWBIT_CACHE", str(place))
        result = run(lowbit, work)
        assert result.code == 1
        assert f"the cache in {place}: " in result.message
        assert run(lowbit, work, "--no-cache").code == 0


def test_a_damaged_entry_is_a_warning(
    lowbit: Lowbit, work: Work, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("LOWBIT_CACHE", str(tmp_path / "cache"))
    assert run(lowbit, work).err == ""
    (entry,) = (tmp_path / "cache").glob("*/*")
    entry.write_bytes(entry.read_bytes()[:-1])
    result = run(lowbit, work)
    assert result.code == 0
    damage = "its checksum does not match"
    assert result.err == f"warning: the cache entry {entry} is damaged: {damage}; compiling anew\n"
    np.testing.assert_array_equal(np.load(work / "y.npy"), work.y)
    assert run(lowbit, work).err == ""


def test_llvm_failure_is_one_line(lowbit: Lowbit, work: Work, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> bytes:
        raise CompileError("LLVM rejects the module: <string>:1:1: error: expected\nfoo\n^\n")

    monkeypatch.setattr(import_module("runtime.build"), "compile_object", fail)
    result = run(lowbit, work, "--no-cache")
    assert result.code == 1
    assert result.message.startswith("error: LLVM rejects the module: ")


def test_what_nobody_foresaw_is_one_line(
    lowbit: Lowbit, work: Work, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise AssertionError("first\nsecond")

    monkeypatch.setattr(cache, "load", fail)
    assert "internal error; --debug shows the traceback" in run(lowbit, work).message
    with pytest.raises(AssertionError):
        run(lowbit, work, "--debug")


def test_memory_that_is_not_there(lowbit: Lowbit, work: Work, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 9. TiB")

    monkeypatch.setattr("runtime.cli.running.compile", fail)
    assert run(lowbit, work).message == "error: not enough memory: Unable to allocate 9. TiB"


def test_an_interrupt_is_told_in_a_word(
    lowbit: Lowbit, work: Work, monkeypatch: pytest.MonkeyPatch
):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("runtime.cli.running.compile", interrupt)
    result = run(lowbit, work)
    assert (result.code, result.out, result.err) == (130, "", "interrupted\n")


@pytest.mark.parametrize(
    "arguments",
    [(), ("walk",), ("run",), ("run", "a.mlir", "--repeat", "0"), ("compile",), ("--x",)],
)
def test_wrong_arguments_exit_with_2(lowbit: Lowbit, arguments: tuple[str, ...]):
    result = lowbit(*arguments)
    assert result.code == 2
    assert "--help)" in result.message


def test_help_and_version(lowbit: Lowbit):
    result = lowbit("--help")
    assert result.code == 0
    for command in ("run", "compile", "inspect", "bench"):
        assert f"\n    {command} " in result.out
    for command in ("run", "compile", "inspect"):
        assert lowbit(command, "--help").out.startswith(f"usage: lowbit {command} ")
    assert lowbit("--version").out.startswith("lowbit 0.")
