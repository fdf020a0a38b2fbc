"""What it takes to model ARM processors."""

from __future__ import annotations

from lowering.targets import get_target
from runtime.emulation.extra import require
from runtime.tools.c_tools import find_linker
from runtime.tools.llvm_tools import find_mca, find_objdump
from tests.tools import needed


def need_arm_tools() -> None:
    """Skip the test where something is missing, or fail it in CI."""
    needed(find_mca)
    needed(find_objdump)
    needed(lambda: find_linker(get_target("cortex-a9")))
    needed(lambda: require("unicorn"))
    needed(lambda: require("elftools", "pyelftools"))
