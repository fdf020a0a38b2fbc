"""The bars of ratios to the best int8 library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.ratios_plot import compared_records, draw_ratios
from runtime.measure.ceilings import Ceiling
from runtime.measure.record import Record
from runtime.measure.roofline import Bounds, plot

BOUNDS = Bounds([Ceiling("popcounts", 666)], [Ceiling("L1", 120)])
PEERS = {"peers": {"ort_i8_nhwc": 2e-4}, "peer_checks": {"ort_i8_nhwc": "right"}}
C9 = Record("C9", "A1W1", "host", "bitserial", "packed", 4e-5, 1e5, 700, True, bytes=90_000)


def test_only_layers_with_an_int8_rival_are_compared():
    assert compared_records([C9, replace(C9, **PEERS)]) == [replace(C9, **PEERS)]


def test_the_bars_name_the_rival_and_the_ratio():
    pytest.importorskip("matplotlib")
    records = [replace(C9, **PEERS), replace(C9, id="V", pair="A2W1")]
    kinds = {"C9": "3x3", "V": "product"}
    text = plot(records, Path("p.svg"), BOUNDS, kinds, draw_ratios).decode()
    assert ">ort<" in text
    assert ">5.0<" in text
    assert text.count(">A2W1<") == 1  # in the roofline alone
