"""Classes of machines, which goals in cycles are stored for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CLASSES = {"avx512": "zen5"}
"""The class of machines with some instructions, where their processor does not say more."""

_OF_PROCESSORS = {"znver4": "zen4", "znver5": "zen5"}
"""The class of a processor by LLVM's name for it. A Zen 4 runs instructions on vectors of 512 bits
at half the rate of a Zen 5."""


def machine_class(machine: Mapping[str, Any], isa: str = "host") -> str:
    """The class of a machine: `zen5`, `zen4`, or the name of its instructions, such as `avx2`.

    Args:
        machine: what `runtime.measure.machine.machine` says of it.
        isa: `host`, or the class of instructions that it is restricted to.
    """
    name = machine.get("isa", "") if isa == "host" else isa
    if name != machine.get("isa"):
        return name
    return _OF_PROCESSORS.get(machine.get("llvm_cpu", ""), _CLASSES.get(name, name))
