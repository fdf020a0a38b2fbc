"""Every pointer of a function at byte offsets 0 to 7, on this machine and on emulated processors.

Inputs and outputs lie at the offsets that are multiples of their elements, the workspace at all.
One program for each target does all of it.
"""

from __future__ import annotations

import pytest

from runtime.signature import Signature
from tests.backend.harness import RUN
from tests.differential.elements import functions
from tests.emulation.emulated import FAMILIES, TARGETS, Batch
from tests.sweep import swept


def offsets(signature: Signature) -> list[str]:
    """Places: each buffer alone at byte offsets 0 .. 7 and behind one element, and all together."""
    sizes = [spec.dtype.itemsize for spec in (*signature.arguments, *signature.results)]
    places = []
    for i, size in enumerate((*sizes, 1)):
        for element in range(max(2, 8 // size)):
            each = ["+0"] * (len(sizes) + 1)
            each[i] = f"+{element}"
            places.append(",".join(each))
    return [*places, *(f"+{n}" for n in range(8)), "end"]


@pytest.mark.parametrize(
    "target",
    [RUN[0], *FAMILIES, *swept(*RUN[1:], *(t for t in TARGETS if t not in FAMILIES))],
)
def test_offsets(target: str) -> None:
    batch = Batch(target, places=offsets)
    for strategy, graph in functions(target):
        batch.add(graph, graph.name, strategy)
    assert batch.run() > 150
