"""The C program of a library: it reads and writes what numpy does, and says what does not fit."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lowbit_dialect.layouts.packed_array import PackedArray
from lowering.targets import get_target
from runtime.aot.link import build_program
from runtime.compiler import compile
from runtime.tools.c_tools import find_c_compiler
from tests.aot.conftest import DIGITS, TENSORS, copies, library_of, tool, write_bundle

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
KINDS = copies(list(TENSORS))


def build(text: str, name: str, folder: Path) -> None:
    """The program of a module for this machine."""
    tool(find_c_compiler, "host")
    write_bundle(library_of(text, name), folder)
    sources = [folder / f"{name}_example.c", folder / f"lib{name}.a"]
    build_program(
        sources, folder / name, get_target("host"), static=False, options=(*STRICT, "-O2")
    )


def run(program: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that takes and gives every kind of element, and inputs for it."""
    folder = tmp_path_factory.mktemp("kinds")
    build(KINDS, "kinds", folder)
    for i, array in enumerate(TENSORS.values()):
        np.save(folder / f"in{i}.npy", array)
    return folder / "kinds"


def files(program: Path, names: str) -> list[Path]:
    return [program.parent / f"{names}{i}.npy" for i in range(len(TENSORS))]


def test_every_kind_of_element_goes_in_and_out(kinds: Path):
    outputs = files(kinds, "out")
    options = [word for path in outputs for word in ("--output", path)]
    done = run(kinds, *files(kinds, "in"), *options, "--repeat", 10)
    assert (done.returncode, done.stderr) == (0, "")
    expected = compile(KINDS)(*TENSORS.values())
    for i, (path, wanted) in enumerate(zip(outputs, expected, strict=True)):
        words = wanted.words if isinstance(wanted, PackedArray) else wanted
        got = np.load(path)
        assert (got.dtype, got.shape) == (words.dtype, words.shape)
        assert got.tobytes() == words.tobytes()
        assert f"output{i}: '{words.dtype.str}' of shape {words.shape}\n" in done.stdout
    assert "\n-255 1 255\n" in done.stdout
    assert "\n300 -7 9 2\n" in done.stdout
    assert "\n-9223372036854775808 9223372036854775807\n" in done.stdout
    assert "\n0.100000001 -inf\n" in done.stdout
    assert "\n0.10000000000000001 1.0000000000000001e+300\n" in done.stdout
    assert "\nmean of 10 calls: " in done.stdout


def test_versions_of_the_format(kinds: Path):
    place = kinds.parent / "version.npy"
    for version in ((1, 0), (2, 0), (3, 0)):
        with place.open("wb") as file:
            np.lib.format.write_array(file, TENSORS["tensor<2xf64>"], version)
        assert run(kinds, *files(kinds, "in")[:-1], place).returncode == 0


@pytest.mark.parametrize(
    ("index", "array", "says"),
    [
        (0, np.zeros((3, 2), np.uint8), "input0 has the shape (2, 3), the file has (3, 2)"),
        (0, np.zeros(6, np.uint8), "the file has (6,)"),
        (0, np.zeros((), np.uint8), "the file has ()"),
        (0, np.zeros((2, 3, 1), np.uint8), "the file has (2, 3, 1)"),
        (
            0,
            np.zeros((2, 3), np.float32),
            "input0 takes '|u1' or other integers, the file has '<f4'",
        ),
        (0, np.zeros((2, 3), ">i4"), "the file has '>i4'"),
        (0, np.zeros((2, 3), "U9"), "the file has '<U9'"),
        (0, np.zeros((3, 2), np.uint8).T, "in the order of Fortran"),
        (0, np.zeros((2, 3), [("a", "u1"), ("b", "u1")]), "several fields"),
        (0, np.full((2, 3), 8), "8, element 0, is no value of input0 (0 .. 7)"),
        (0, np.full((2, 3), -1), "-1, element 0, is no value of input0"),
        (0, np.full((2, 3), 2**64 - 1, np.uint64), "does not even fit in 63 bits"),
        (2, np.array([1, 3, 2, 1]), "2, element 2, is no value of input2 (odd numbers -3 .. 3)"),
        (5, np.array([2, 2, 2, 8]), "8, element 3, is no value of input5 (one of [-7, 2, 9, 300])"),
        (6, np.zeros((3, 20), np.uint16), "input6 has the shape (3, 3, 2)"),
        (6, np.zeros((3, 3, 2), np.int16), "input6 takes '<u2', the file has '<i2'"),
        (7, np.array([0, 1, 2, 0]), "2, element 2, is no value of input7 (0 and 1)"),
        (8, np.array([0, 128]), "(-128 .. 127)"),
        (10, np.array([1]), "input10 has the shape (), the file has (1,)"),
        (13, np.zeros(2), "input13 takes '<f4', the file has '<f8'"),
    ],
)
def test_files_that_do_not_fit(kinds: Path, index: int, array: NDArray, says: str):
    inputs = files(kinds, "in")
    inputs[index] = kinds.parent / "bad.npy"
    np.save(inputs[index], array)
    done = run(kinds, *inputs)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {inputs[index]}: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_files_that_are_damaged(kinds: Path):
    inputs = files(kinds, "in")
    whole = inputs[0].read_bytes()
    inputs[0] = kinds.parent / "damaged.npy"
    for data, says in (
        (None, "cannot be opened"),
        (b"", "not a .npy file"),
        (b"\x93NUMPZ" + whole[6:], "not a .npy file"),
        (whole[:50], "truncated"),
        (whole[:-1], "truncated"),
        (whole.replace(b"'shape'", b"'shade'"), "header of the .npy file is damaged"),
        (whole[:6] + b"\2\0" + b"\xff" * 4 + whole[10:], "header of the .npy file is damaged"),
    ):
        if data is not None:
            inputs[0].write_bytes(data)
        done = run(kinds, *inputs)
        assert (done.returncode, done.stdout) == (1, "")
        assert says in done.stderr


LONG_MAX = 2 ** (8 * ctypes.sizeof(ctypes.c_long) - 1) - 1


def test_arguments_that_do_not_fit(kinds: Path):
    for arguments in (
        *([], ["--wrong"], [*files(kinds, "in"), "more.npy"], ["--output", "y.npy"]),
        [*files(kinds, "in"), "--repeat"],
    ):
        done = run(kinds, *arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("usage: ")
    wrong = ("-1", "-0", "", "x", "3x", "1.5", "1e3", " 1", "+1", "0x10", "9" * 20)
    for option, more, least, most in (
        ("--repeat", ["0"], 1, LONG_MAX),
        ("--offset", ["64"], 0, 63),
    ):
        for number in (*wrong, *more):
            done = run(kinds, *files(kinds, "in"), option, number)
            assert (done.returncode, done.stdout) == (2, "")
            expected = f"expected a number {least} .. {most}, got '{number}'"
            assert done.stderr == f"error: {option}: {expected}\n"
    done = run(kinds, *files(kinds, "in"), *["--output", "/nowhere/y.npy"] * len(TENSORS))
    assert done.returncode == 1
    assert done.stderr == "error: /nowhere/y.npy: cannot be written\n"


def test_digits_with_the_static_and_the_shared_library(tmp_path: Path):
    build(DIGITS.read_text(), "digits", tmp_path)
    network, rng = compile(DIGITS), np.random.default_rng(0)
    build_program(
        [tmp_path / "digits_example.c"],
        tmp_path / "digits_shared",
        get_target("host"),
        static=False,
        options=(f"-L{tmp_path}", "-Wl,-rpath,$ORIGIN", "-ldigits"),
    )
    for digit in (
        *rng.integers(0, 17, (3, 1, 8, 8, 1)),
        np.zeros((1, 8, 8, 1), np.uint8),
        np.full((1, 8, 8, 1), 31),
    ):
        np.save(tmp_path / "digit.npy", digit)
        for program in ("digits", "digits_shared"):
            arguments = (tmp_path / "digit.npy", "--output", tmp_path / "logits.npy")
            done = run(tmp_path / program, *arguments)
            assert (done.returncode, done.stderr) == (0, "")
            logits, expected = np.load(tmp_path / "logits.npy"), network(digit)
            assert logits.tobytes() == expected.tobytes()
            printed = [np.float32(word) for word in done.stdout.splitlines()[1].split()]
            assert printed == expected.reshape(-1).tolist()


def test_arrays_at_an_offset(tmp_path: Path):
    build(DIGITS.read_text(), "digits", tmp_path)
    np.save(tmp_path / "digit.npy", np.full((1, 8, 8, 1), 7, np.uint8))
    expected = run(tmp_path / "digits", tmp_path / "digit.npy").stdout
    message = "the elements of output0 have 4 bytes, so the offset is a multiple of 4"
    for offset in range(64):
        done = run(tmp_path / "digits", tmp_path / "digit.npy", "--offset", offset)
        if offset % 4:
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr == f"error: --offset {offset}: {message}\n"
        else:
            assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")


@pytest.mark.parametrize(
    ("offset", "says"),
    [
        (1, "the elements of input6 have 2 bytes, so the offset is a multiple of 2"),
        (2, "the elements of input10 have 4 bytes, so the offset is a multiple of 4"),
        (3, "input6"),
        (4, "the elements of input11 have 8 bytes, so the offset is a multiple of 8"),
        (5, "input6"),
        (6, "input10"),
        (7, "input6"),
        (8, ""),
    ],
)
def test_elements_off_their_alignment(kinds: Path, offset: int, says: str):
    """The first array that an offset does not suit is named."""
    done = run(kinds, *files(kinds, "in"), "--offset", offset)
    assert done.returncode == (1 if says else 0)
    assert says in done.stderr
    assert done.stderr.count("\n") == (1 if says else 0)


def test_a_header_of_another_target_is_noticed(tmp_path: Path):
    build(DIGITS.read_text(), "digits", tmp_path)
    header = (tmp_path / "digits.h").read_text()
    (tmp_path / "digits.h").write_text(header.replace("WORKSPACE_BYTES ", "WORKSPACE_BYTES 1"))
    sources = [tmp_path / "digits_example.c", tmp_path / "libdigits.a"]
    build_program(sources, tmp_path / "digits", get_target("host"), static=False)
    np.save(tmp_path / "digit.npy", np.zeros((1, 8, 8, 1), np.uint8))
    done = run(tmp_path / "digits", tmp_path / "digit.npy")
    assert done.returncode == 1
    assert done.stderr == "error: digits.h: made for another target than the library\n"


IN_PLACE = """
func.func @twice(%x: memref<4xi16>, %y: memref<2x2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %a = memref.load %x[%i] : memref<4xi16>
    %b = arith.addi %a, %a : i16
    memref.store %b, %x[%i] : memref<4xi16>
  }
  %a = memref.load %y[%c0, %c1] : memref<2x2xf32>
  memref.store %a, %y[%c1, %c0] : memref<2x2xf32>
  func.return
}"""


def test_functions_of_memrefs_work_in_place(tmp_path: Path) -> None:
    build(IN_PLACE, "twice", tmp_path)
    header = (tmp_path / "twice.h").read_text()
    assert "void twice(int16_t *array0, float *array1);" in header
    assert "workspace" not in header.partition("#ifndef")[2]
    x, y = np.array([1, -2, 3, 4], np.int16), np.arange(4, dtype=np.float32).reshape(2, 2)
    for name, array in (("x", x), ("y", y)):
        np.save(tmp_path / f"{name}.npy", array)
    names = [tmp_path / f"{name}.npy" for name in ("x", "y", "new_x", "new_y")]
    done = run(
        tmp_path / "twice", *names[:2], "--output", names[2], "--output", names[3], "--repeat", 3
    )
    assert (done.returncode, done.stderr) == (0, "")
    np.testing.assert_array_equal(np.load(names[2]), 2 * x)
    np.testing.assert_array_equal(np.load(names[3]), [[0, 1], [1, 3]])
    np.testing.assert_array_equal(np.load(names[0]), x)
