# ruff: noqa: PLC0415  the imports are local so that naming a pass does not load the others
"""What lowbit adds to xDSL: dialects and passes, loaded when somebody asks for one by name."""

from __future__ import annotations

from xdsl.ir import Dialect
from xdsl.universe import Universe


def _simd() -> Dialect:
    from lowbit_dialect.simd import Simd

    return Simd


LOWBIT_UNIVERSE = Universe(
    all_dialects={
        "simd": _simd,
    },
    all_passes={},
)
"""The entry point `xdsl.universe` names this, so plain `xdsl-opt` sees it too."""
