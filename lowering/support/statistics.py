"""`--pass-statistics`: what every pass did to the op counts, and the counters of passes.

A pass counts what it likes with one call, from anywhere inside its `apply`:

    record(self.name, "folded", 3)

The call costs a look-up and does nothing unless somebody collects: `lowbit-opt --pass-statistics`,
or a Python caller inside `with collect() as counters:`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp, UnregisteredOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from lowering.support.instrumentation import PassInstrumentation
from lowering.support.timing import banner

Counters = Counter[tuple[str, str]]
"""Sums by (pass name, counter name)."""

_collecting: ContextVar[Counters | None] = ContextVar("lowbit_pass_counters", default=None)


def record(pass_name: str, counter: str, n: int = 1) -> None:
    """Add `n` to `counter` of the pass `pass_name`, if statistics are being collected."""
    if (counters := _collecting.get()) is not None:
        counters[pass_name, counter] += n


@contextmanager
def collect(counters: Counters | None = None) -> Iterator[Counters]:
    """Add all that is recorded inside, in this thread, to `counters` or to new ones."""
    counters = Counter() if counters is None else counters
    token = _collecting.set(counters)
    try:
        yield counters
    finally:
        _collecting.reset(token)


def count_ops(module: ModuleOp) -> Counter[str]:
    """How many operations of each name `module` holds, itself included."""
    return Counter(_op_name(op) for op in module.walk())


def _op_name(op: Operation) -> str:
    return op.op_name.data if isinstance(op, UnregisteredOp) else op.name


@dataclass(frozen=True)
class PassRecord:
    """What one run of a pass changed: op counts by name, and its counters."""

    name: str
    before: Counter[str]
    after: Counter[str]
    counters: Counters

    def lines(self) -> Iterator[str]:
        """The record as report lines; only op names whose count changed are listed."""
        yield f"{self.name}: {self.before.total()} -> {self.after.total()} ops"
        for op_name in sorted(self.before | self.after):
            old, new = self.before[op_name], self.after[op_name]
            if old != new:
                yield f"  {op_name}: {old} -> {new} ({new - old:+d})"
        for (owner, counter), n in sorted(self.counters.items()):
            # A pass may run others inside itself; their counters keep their names.
            yield f"  (S) {n} {counter}" + ("" if owner == self.name else f" [{owner}]")


class PassStatistics(PassInstrumentation):
    """Collects one `PassRecord` for every pass that ran to its end."""

    def __init__(self, counters: Counters) -> None:
        self.records: list[PassRecord] = []
        self.counters = counters
        self._before: Counter[str] = Counter()

    def before_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        """Count the ops, and forget what a failed pass may have recorded."""
        self._before = count_ops(module)
        self.counters.clear()

    def after_pass(self, pass_: ModulePass, module: ModuleOp, *, last: bool) -> None:
        """Make the record of `pass_`."""
        counters = Counter(self.counters)
        self.records.append(PassRecord(pass_.name, self._before, count_ops(module), counters))

    def report(self) -> str:
        """All records in the order of the runs."""
        lines = [banner("Pass statistics report")]
        lines += [line for entry in self.records for line in entry.lines()]
        return "\n".join(lines) + "\n"
