from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lowbit_dialect import reference
from runtime.cli import main

CONV = """\
func.func @main(%x: tensor<1x5x6x20x!lowbit.unipolar<2>>, %w: tensor<7x3x3x20x!lowbit.bipolar<1>>)
    -> tensor<1x5x6x7xi32> {
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1]
    : (tensor<1x5x6x20x!lowbit.unipolar<2>>, tensor<7x3x3x20x!lowbit.bipolar<1>>)
    -> tensor<1x5x6x7xi32>
  return %y : tensor<1x5x6x7xi32>
}
"""

PACKED = "tensor<3x20x!lowbit.signed<3>, #lowbit.packed<axis = 1, word = i16, order = [p, 0, 1]>>"

PACK = f"""\
func.func @pack(%x: tensor<3x20x!lowbit.signed<3>>) -> {PACKED} {{
  %y = lowbit.bitpack %x : (tensor<3x20x!lowbit.signed<3>>) -> {PACKED}
  return %y : {PACKED}
}}
func.func @unpack(%x: {PACKED}) -> (tensor<3x20x!lowbit.signed<3>>, {PACKED}) {{
  %y = lowbit.unpack %x : ({PACKED}) -> tensor<3x20x!lowbit.signed<3>>
  return %y, %x : tensor<3x20x!lowbit.signed<3>>, {PACKED}
}}
"""


@dataclass
class Outcome:
    """What a call of the tool did."""

    code: int
    out: str
    err: str

    @property
    def message(self) -> str:
        """The one line of a failure."""
        assert self.err.startswith("error: "), self.err
        assert self.err.count("\n") == 1, self.err
        return self.err.strip()


Lowbit = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def children_take_interrupts() -> Iterator[None]:
    """Processes of a test end on SIGINT, which a shell's background jobs, and theirs, ignore."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def lowbit(capsys: pytest.CaptureFixture[str]) -> Lowbit:
    """Calls the tool in this process."""

    def call(*arguments: object) -> Outcome:
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:  # argparse's
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Outcome(code, captured.out, captured.err)

    return call


@dataclass
class Work:
    """A folder with modules, inputs and the right answer."""

    folder: Path
    x: np.ndarray
    w: np.ndarray
    y: np.ndarray

    def __truediv__(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """conv.mlir with x.npy and w.npy, pack.mlir with p.npy."""
    rng = np.random.default_rng(0)
    x, w = rng.integers(0, 4, (1, 5, 6, 20)), rng.choice([-1, 1], (7, 3, 3, 20))
    (tmp_path / "conv.mlir").write_text(CONV)
    (tmp_path / "pack.mlir").write_text(PACK)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "w.npy", w)
    np.save(tmp_path / "p.npy", rng.integers(-4, 4, (3, 20)))
    return Work(tmp_path, x, w, reference.conv2d(x, w, padding=(1, 1, 1, 1)))


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One cache for all tests of a process, and nobody else's."""
    monkeypatch.setenv("LOWBIT_CACHE", str(tmp_path_factory.getbasetemp() / "lowbit-cache"))
