"""The picture of a benchmark."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.cli import main
from runtime.measure.ceilings import Ceiling
from runtime.measure.record import Record
from runtime.measure.roofline import Bounds, PlotError, check_plot, plot

BOUNDS = Bounds([Ceiling("popcounts", 666)], [Ceiling("L1", 120), Ceiling("memory", 10)])
C9 = Record("C9", "A1W1", "host", "bitserial", "packed", 4e-5, 1e5, 700, True)
RECORDS = [
    replace(C9, bytes=90_000),
    replace(C9, id="V", pair="A2W1", bytes=4_000_000),
]
KINDS = {"C9": "3x3", "V": "product"}


@pytest.mark.parametrize("name", ["p.png", "p.svg", "p.pdf"])
def test_a_picture_in_every_format(name):
    pytest.importorskip("matplotlib")
    data = plot(RECORDS, Path(name), BOUNDS, KINDS)
    start = {"p.png": b"\x89PNG", "p.svg": b"<?xml", "p.pdf": b"%PDF"}[name]
    assert data.startswith(start)


def test_the_picture_names_what_it_shows():
    pytest.importorskip("matplotlib")
    text = plot(RECORDS, Path("p.svg"), BOUNDS, KINDS).decode()
    for label in ("666: popcounts", "L1: 120 bytes/cycle", "C9", "A2W1"):
        assert label in text
    assert text == plot(RECORDS, Path("p.svg"), BOUNDS, KINDS).decode()


def test_a_second_picture_stands_below():
    pytest.importorskip("matplotlib")
    seen = []

    def below(axes, records, colours):
        seen.append((len(records), list(colours)))
        axes.set_title("what is below")

    text = plot(RECORDS, Path("p.svg"), BOUNDS, KINDS, below).decode()
    assert seen == [(2, ["A1W1", "A2W1"])]
    assert "what is below" in text


def test_nothing_to_draw_is_an_error():
    pytest.importorskip("matplotlib")
    with pytest.raises(PlotError, match="no record of one thread"):
        plot([replace(C9, threads=2)], Path("p.svg"), BOUNDS, KINDS)


def test_a_name_without_a_known_format_is_refused_before_the_work():
    with pytest.raises(PlotError, match=r"p\.jpeg: expected a name that ends in \.svg"):
        check_plot(Path("p.jpeg"))


def test_a_missing_matplotlib_is_one_line(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["bench", "--id", "C11", "--plot", str(tmp_path / "p.svg")]) == 1
    assert capsys.readouterr().err == (
        "error: --plot needs matplotlib: pip install 'lowbit[bench]' installs it\n"
    )


def test_the_command_writes_the_picture(tmp_path):
    pytest.importorskip("matplotlib")
    file = tmp_path / "p.svg"
    arguments = ["--id", "C11", "--pair", "A1W1", "--seconds", "0.02", "--plot", str(file)]
    assert main(["bench", *arguments]) == 0
    assert "Roofline" in file.read_text()
