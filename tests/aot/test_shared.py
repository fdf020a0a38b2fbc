"""The shared library, loaded while a program runs: its symbols, its function, its stages."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest

from runtime.aot.library import Library
from runtime.compiler import compile
from runtime.tools.c_tools import find_linker
from tests.aot.conftest import DIGITS, library_of, tool, write_bundle
from tests.guard import guarded
from tests.tools import needed_program


@pytest.fixture(scope="module")
def digits() -> Library:
    return library_of(DIGITS.read_text(), "digits")


@pytest.fixture
def loaded(digits: Library, tmp_path: Path) -> ctypes.CDLL:
    tool(find_linker, "host")
    write_bundle(digits, tmp_path)
    return ctypes.CDLL(str(tmp_path / "libdigits.so"))


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def test_function_and_stages_give_what_the_runtime_gives(digits: Library, loaded: ctypes.CDLL):
    loaded.digits_workspace_bytes.restype = ctypes.c_size_t
    size = loaded.digits_workspace_bytes()
    assert size == digits.main.workspace_bytes
    network, rng = compile(DIGITS), np.random.default_rng(1)
    workspace = guarded(np.zeros(size, np.uint8))
    for _ in range(3):
        image = guarded(rng.integers(0, 17, (1, 8, 8, 1)).astype(np.uint8))
        expected = network(image)
        whole, pieces = guarded(np.zeros((2, 10), np.float32))
        loaded.digits(pointer(image), pointer(whole), pointer(workspace))
        assert whole.tobytes() == expected.tobytes()
        workspace[...] = 0
        for stage, extent in digits.main.signature.stages:
            # In pieces of two parts, the last ones first: they do not depend on each other.
            for low in reversed(range(0, extent, 2)):
                bounds = (ctypes.c_ssize_t(low), ctypes.c_ssize_t(min(low + 2, extent)))
                loaded[stage](pointer(image), pointer(pieces), pointer(workspace), *bounds)
        assert pieces.tobytes() == expected.tobytes()


@pytest.mark.parametrize("target", ["host", "cortex-a53", "cortex-a7"])
def test_it_exports_what_is_public_and_needs_nothing(target: str, tmp_path: Path):
    tool(find_linker, target)
    needed_program("readelf", "binutils")
    library = library_of(DIGITS.read_text(), "digits", target)
    write_bundle(library, tmp_path)

    def readelf(option: str) -> str:
        command = ["readelf", "-W", option, tmp_path / "libdigits.so"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    rows = [line.split() for line in readelf("--dyn-syms").splitlines()]
    symbols = [row for row in rows if len(row) == 8 and row[0].rstrip(":").isdigit()]
    exported = {row[7] for row in symbols if row[6] != "UND"}
    stages = {stage for stage, _ in library.main.signature.stages}
    assert exported == {"digits", "digits_workspace_bytes", *stages}
    dynamic = readelf("-d")
    assert "soname: [libdigits.so]" in dynamic
    assert "NEEDED" not in dynamic
    assert "TEXTREL" not in dynamic
    assert "RWE" not in readelf("-l")
