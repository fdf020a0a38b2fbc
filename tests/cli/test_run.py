"""`lowbit run`: files in, files out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Lowbit, Work
from tests.memory_orders import arrays_of


def test_writes_the_result_and_says_its_shape(lowbit: Lowbit, work: Work):
    result = lowbit(
        *("run", work / "conv.mlir", "--input", work / "x.npy", "--input", work / "w.npy"),
        *("--output", work / "y.npy"),
    )
    assert (result.code, result.err) == (0, "")
    written = np.load(work / "y.npy")
    np.testing.assert_array_equal(written, work.y)
    assert written.dtype == np.int32
    assert "int32" in result.out
    assert "1x5x6x7" in result.out


@pytest.mark.parametrize("target", ["host", "host+avx2", "host+sse2"])
@pytest.mark.parametrize("threads", [1, 3])
def test_targets_and_threads_agree(lowbit: Lowbit, work: Work, target: str, threads: int):
    result = lowbit(
        *("run", work / "conv.mlir", "-i", work / "x.npy", "-i", work / "w.npy"),
        *("-o", work / "y.npy", "--target", target, "--num-threads", threads, "--no-cache"),
    )
    assert result.code == 0
    np.testing.assert_array_equal(np.load(work / "y.npy"), work.y)


def test_repeat_prints_the_median(lowbit: Lowbit, work: Work):
    result = lowbit(
        "run", work / "conv.mlir", "-i", work / "x.npy", "-i", work / "w.npy", "--repeat", 3
    )
    assert result.code == 0
    assert "median of 3 runs with 1 thread: " in result.out


def test_small_results_are_printed(lowbit: Lowbit, tmp_path: Path):
    shapes = {"small": 20, "large": 21}
    for name, extent in shapes.items():
        x = f"tensor<{extent}xi32>"
        (tmp_path / f"{name}.mlir").write_text(
            f"func.func @main(%x: {x}) -> {x} {{\n"
            f"  %y = lowbit.add %x, %x : ({x}, {x}) -> {x}\n  return %y : {x}\n}}\n"
        )
        np.save(tmp_path / f"{name}.npy", np.arange(extent, dtype=np.int32))
    small, large = (
        lowbit("run", tmp_path / f"{name}.mlir", "-i", tmp_path / f"{name}.npy") for name in shapes
    )
    assert f"0 = [{', '.join(f'{2 * i:2}' for i in range(20))}]" in small.out
    assert "=" not in large.out


def test_packed_results_are_words_or_values(lowbit: Lowbit, work: Work):
    pack = ("run", work / "pack.mlir", "--entry", "pack", "-i", work / "p.npy")
    assert lowbit(*pack, "-o", work / "words.npy").code == 0
    assert lowbit(*pack, "-o", work / "values.npy", "--unpack").code == 0
    words, values = np.load(work / "words.npy"), np.load(work / "values.npy")
    assert (words.dtype, words.shape) == (np.uint16, (3, 3, 2))
    assert values.dtype == np.int8
    np.testing.assert_array_equal(values, np.load(work / "p.npy"))


def test_several_results_from_words_and_from_values(lowbit: Lowbit, work: Work):
    lowbit("run", work / "pack.mlir", "--entry=pack", "-i", work / "p.npy", "-o", work / "w.npy")
    for given in ("w.npy", "p.npy"):
        result = lowbit(
            *("run", work / "pack.mlir", "--entry", "unpack", "-i", work / given),
            *("-o", work / "a.npy", "-o", work / "b.npy"),
        )
        assert result.code == 0
        np.testing.assert_array_equal(np.load(work / "a.npy"), np.load(work / "p.npy"))
        np.testing.assert_array_equal(np.load(work / "b.npy"), np.load(work / "w.npy"))


IN_PLACE = """\
func.func @rotate(%x: memref<3xi32>, %y: memref<3xi32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %a = memref.load %x[%c0] : memref<3xi32>
  %b = arith.addi %a, %a : i32
  memref.store %b, %x[%c0] : memref<3xi32>
  memref.store %a, %y[%c2] : memref<3xi32>
  return
}
"""


def test_arguments_in_place_are_written_to_outputs(lowbit: Lowbit, work: Work):
    (work / "rotate.mlir").write_text(IN_PLACE)
    np.save(work / "v.npy", np.array([7, 8, 9], np.int64))
    run = ("run", work / "rotate.mlir", "-i", work / "v.npy", "-i", work / "v.npy")
    outputs = (work / "a.npy", work / "b.npy")
    done = lowbit(*run, "-o", outputs[0], "-o", outputs[1], "--repeat", 3)
    assert (done.code, done.err) == (0, "")
    np.testing.assert_array_equal(np.load(outputs[0]), [14, 8, 9])
    np.testing.assert_array_equal(np.load(outputs[1]), [7, 8, 7])
    np.testing.assert_array_equal(np.load(work / "v.npy"), [7, 8, 9])
    assert lowbit(*run, "-o", os.devnull, "-o", os.devnull).code == 0
    assert lowbit(*run, "-o", work / "v.npy", "-o", os.devnull).code == 0
    np.testing.assert_array_equal(np.load(work / "v.npy"), [14, 8, 9])
    message = lowbit(*run, "-o", outputs[0]).message
    assert "@rotate changes 2 arguments, got 1 of --output" in message


def test_files_of_every_dtype_and_memory_order(lowbit: Lowbit, work: Work):
    """A .npy file is in C or Fortran order, its elements in either byte order."""
    for which in ("x.npy", "w.npy"):
        values = np.load(work / which)
        files = {"x.npy": work / "x.npy", "w.npy": work / "w.npy", which: work / "given.npy"}
        for name, array in arrays_of(values):
            if not name.endswith((" C", " Fortran")):
                continue
            np.save(work / "given.npy", array)
            call = ("run", work / "conv.mlir", "-i", files["x.npy"], "-i", files["w.npy"])
            assert lowbit(*call, "-o", work / "y.npy").code == 0
            assert np.array_equal(np.load(work / "y.npy"), work.y), f"{which} {name}"


def test_packed_files_of_every_dtype_and_memory_order(lowbit: Lowbit, work: Work):
    values = np.load(work / "p.npy")
    call = ("run", work / "pack.mlir", "--entry=pack", "-i")
    lowbit(*call, work / "p.npy", "-o", work / "w.npy")
    words = np.load(work / "w.npy")
    of_words = (pair for pair in arrays_of(words.astype(int)) if pair[1].dtype.str[1:] == "u2")
    given = [
        pair for pair in (*arrays_of(values), *of_words) if pair[0].endswith((" C", "Fortran"))
    ]
    for name, array in given:
        np.save(work / "given.npy", array)
        entry = "pack" if array.shape == values.shape else "unpack"
        outputs = ["-o", work / "a.npy"] + ["-o", work / "b.npy"] * (entry == "unpack")
        call = ("run", work / "pack.mlir", f"--entry={entry}", "-i", work / "given.npy")
        assert lowbit(*call, *outputs).code == 0
        expected = words if entry == "pack" else values
        assert np.array_equal(np.load(work / "a.npy"), expected), name


def test_output_keeps_permissions_and_follows_links(lowbit: Lowbit, work: Work):
    (work / "real.npy").write_bytes(b"old")
    (work / "real.npy").chmod(0o640)
    (work / "link.npy").symlink_to(work / "real.npy")
    call = ("run", work / "conv.mlir", "-i", work / "x.npy", "-i", work / "w.npy", "-o")
    assert lowbit(*call, work / "link.npy").code == 0
    assert (work / "link.npy").is_symlink()
    assert (work / "real.npy").stat().st_mode & 0o777 == 0o640
    np.testing.assert_array_equal(np.load(work / "real.npy"), work.y)
    assert lowbit(*call, os.devnull).code == 0
    assert not os.path.isfile(os.devnull)


def test_as_a_process(work: Work):
    """The installed entry point, its output into a pipe: nothing is cut or wrapped."""
    call = [sys.executable, "-c", "from runtime.cli import main; raise SystemExit(main())"]
    done = subprocess.run(
        [*call, "run", work / "conv.mlir", "-i", work / "x.npy", "-i", work / "w.npy"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert [line for line in done.stdout.splitlines() if line.endswith("tensor<1x5x6x7xi32>")]
    failed = subprocess.run(
        [*call, "run", work / "missing.mlir"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == f"error: {work / 'missing.mlir'}: No such file or directory\n"


def test_a_closed_pipe_is_quiet(work: Work):
    command = (
        f"{sys.executable} -c 'from runtime.cli import main; raise SystemExit(main())'"
        f" compile {work / 'conv.mlir'} --emit=asm | head -n 1"
    )
    done = subprocess.run(
        command, check=False, shell=True, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_profile_tells_of_every_stage(lowbit: Lowbit, work: Work, tmp_path: Path):
    picture = tmp_path / "profile.svg"
    command = ["run", work / "conv.mlir", "-i", work / "x.npy", "-i", work / "w.npy", "--no-cache"]
    out = lowbit(*command, "--profile").out
    assert "MAC/cycle" in out
    assert "all stages:" in out
    assert "_conv" in out
    pytest.importorskip("matplotlib")
    assert "--plot goes with --profile" in lowbit(*command, "--plot", picture).message
    assert lowbit(*command, "--profile", "--plot", picture).code == 0
    assert "microseconds" in picture.read_text()
