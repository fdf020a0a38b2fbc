"""`import lowbit`: its names, its version, and how long it takes."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import lowbit

ROOT = Path(__file__).resolve().parents[2]


def seconds_of(program: str, times: int = 3) -> float:
    """The least CPU time in seconds that a program reports of itself, in processes of their own.

    CPU time, because other programs use the machine meanwhile.
    """
    found = []
    for _ in range(times):
        command = [sys.executable, "-c", f"import time\n{program}\nprint(time.process_time())"]
        found.append(float(subprocess.check_output(command, cwd=ROOT, text=True, timeout=60)))
    return min(found)


def test_every_public_name_is_there() -> None:
    assert sorted(lowbit.__all__) == lowbit.__all__
    assert {name for name in lowbit.__all__ if getattr(lowbit, name, None) is None} == set()
    assert set(lowbit.__all__) <= set(dir(lowbit))
    with pytest.raises(AttributeError, match="module 'lowbit' has no attribute 'conv3d'"):
        lowbit.conv3d  # noqa: B018  # pyright: ignore


def test_the_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert project["dynamic"]["version"] == {"attr": "lowbit.__version__"}
    assert version("lowbit") == lowbit.__version__


def test_a_network_from_public_names_alone() -> None:
    w = np.array([[1, -1], [1, 1], [-1, 1]])
    net = lowbit.Network(("unipolar<2>", (1, 3)))
    sums = net.matmul(net.inputs[0], w, lowbit.codes.parse_code("bipolar<1>"))
    executable = lowbit.compile(net.finish(sums))
    assert isinstance(executable, lowbit.Executable)
    x = np.array([[3, 2, 1]], np.uint8)
    assert executable(x).tolist() == [[4, 0]]
    assert np.array_equal(lowbit.matmul(x, w), x @ w)
    packed = lowbit.bitpack(x, "unipolar<2>")
    assert isinstance(packed, lowbit.PackedArray)
    assert np.array_equal(lowbit.unpack(packed), x)
    assert lowbit.targets.get_target("cortex-a53").name in lowbit.targets.target_names()


def test_a_file_that_hides_a_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "runtime.py").write_text("")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import lowbit; lowbit.matmul"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    said = f"ImportError: {tmp_path / 'runtime.py'} hides the package 'runtime'"
    assert said in done.stderr.splitlines()[-1]


def test_importing_takes_little() -> None:
    """0.02 s on a quiet machine; xDSL and LLVM are imported when a name is first used."""
    assert seconds_of("import lowbit") < 0.25


def test_the_first_kernel_from_the_cache_takes_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0.45 s on a quiet machine, most of it numpy's and xDSL's own imports."""
    monkeypatch.setenv("LOWBIT_CACHE", str(tmp_path))
    program = (
        "import sys, numpy as np, lowbit\n"
        "x, w = np.ones((1, 4, 4, 64), int), np.ones((8, 3, 3, 64), int)\n"
        "assert lowbit.conv2d(x, w).tolist() == np.full((1, 2, 2, 8), 576).tolist()"
    )
    seconds_of(program, 1)  # fills the cache
    unused = ("xdsl.dialects.llvm", "xdsl.dialects.scf", "lowbit_dialect.lowbit", "runtime.build")
    assert seconds_of(f"{program}\nassert not set({unused}) & set(sys.modules)") < 1.0
