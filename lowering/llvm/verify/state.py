"""What the rules for operations share while a module is verified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xdsl.dialects import llvm
from xdsl.ir import Attribute, Operation, SSAValue

from lowering.llvm.verify.symbols import Symbol
from lowering.llvm.verify.types import Facts, Kind, Types
from lowering.support.diagnostics import fail
from lowering.targets import Target

MAX_ALIGNMENT = 1 << 32
"""Bytes of the largest alignment that LLVM IR can state."""


class State:
    """The module being verified, and the function of it."""

    def __init__(self, target: Target, symbols: dict[str, Symbol]):
        self.target = target
        self.symbols = symbols
        self.types = Types()
        self.function: llvm.FuncOp | None = None

    def facts(self, op: Operation, type: Attribute) -> Facts:
        """The facts of the type of an operand or a result of `op`, or of a type that it names.

        Raises:
            OpFailedException: it is no type of LLVM.
        """
        found = self.types.look_up(type)
        if isinstance(found, str):
            fail(op, f"LLVM has no type {found}")
        return found

    def value(self, op: Operation, value: SSAValue, *kinds: Kind) -> Facts:
        """The facts of a value, which has to be of one of `kinds`, or of any that can be a value.

        Raises:
            OpFailedException: it is not.
        """
        found = self.facts(op, value.type)
        if found.kind not in (kinds or VALUES):
            expected = " or ".join(kind.value for kind in kinds or VALUES)
            fail(op, f"expected {expected}, got {value.type}")
        return found

    def sized(self, op: Operation, type: Attribute) -> Facts:
        """The facts of a type that has a place in memory.

        Raises:
            OpFailedException: it has none.
        """
        found = self.facts(op, type)
        if found.kind is Kind.VOID:
            fail(op, f"{type} has no size")
        return found

    def check_alignment(self, op: Operation, bytes: int) -> None:
        """Refuse an alignment that LLVM IR cannot state.

        Raises:
            OpFailedException: it is no power of two, or too large.
        """
        if not 1 <= bytes <= MAX_ALIGNMENT or bytes & (bytes - 1):
            fail(op, f"an alignment is a power of two up to {MAX_ALIGNMENT}, got {bytes}")


VALUES = (Kind.INTEGER, Kind.FLOAT, Kind.POINTER, Kind.AGGREGATE)
"""What a value can be."""

Rule = Callable[[State, Any], bool]
"""Fails where an operation is malformed; says whether the lowering knows its types.

What it knows not is tried before it is handed to LLVM, see `trial`.
"""
