"""What it takes to model ARM processors, or a line that says what is missing."""

from __future__ import annotations

import os

import pytest

from lowering.targets import get_target
from runtime.analysis.disassembly import find_objdump
from runtime.analysis.mca import find_mca
from runtime.aot.toolchain import find_linker
from runtime.emulation.extra import require


def need_arm_tools() -> None:
    """Skip the test where a tool is missing; where tests run on their own (CI), fail."""
    try:
        find_mca()
        find_objdump()
        find_linker(get_target("cortex-a9"))
        require("unicorn")
        require("elftools", "pyelftools")
    except ValueError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
