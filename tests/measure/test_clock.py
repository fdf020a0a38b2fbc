"""The chain of additions that counts cycles."""

import re

from lowering.llvm.object import compile_assembly
from lowering.targets import get_target
from runtime.measure.clock import CHAIN, chain_ir, nanoseconds_per_cycle

ADDITION = {
    "x86_64": r"^\taddq?\t%\w+, (%\w+)$",
    "aarch64": r"^\tadd\t(x\d+), \1, x\d+$",
    "armv7": r"^\tadd\t(r\d+), \1, r\d+$",
}
"""By architecture an addition of a register to another one, which waits for its last value."""


def test_every_addition_waits_for_the_one_before() -> None:
    # Only for this machine: LLVM ends the process where it lacks the parser of an inline assembly.
    nanoseconds_per_cycle()
    target = get_target("host")
    text = compile_assembly(chain_ir(target), target)
    registers = re.findall(ADDITION[target.arch], text, flags=re.MULTILINE)
    assert len(registers) >= CHAIN, text
    assert len(set(registers)) == 1, text


def test_a_cycle_takes_a_fraction_of_a_nanosecond_or_some() -> None:
    assert 0.1 < nanoseconds_per_cycle() < 50
