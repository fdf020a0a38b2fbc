"""`--timing`: the wall time of parsing, of every pass, of verifying and of printing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

RULE = "===" + "-" * 73 + "==="


def banner(title: str) -> str:
    """The head of a report, as MLIR prints it."""
    return f"{RULE}\n{f'... {title} ...':^79}".rstrip() + f"\n{RULE}"


class Timer:
    """Sums of wall time by name, in seconds, in the order in which the names first came.

    A pass that runs twice in a pipeline has two entries, told apart by its place there; the chunks
    of a split input file add up.
    """

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.seconds_of_last_pass = 0.0
        self.seconds: dict[tuple[str, int | None], float] = {}

    @contextmanager
    def scope(self, name: str, place: int | None = None) -> Iterator[None]:
        """Add the time spent inside to the entry (`name`, `place`), also when it raises.

        `place` is the index of a pass in its pipeline, and None for everything else.
        """
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            key = (name, place)
            self.seconds[key] = self.seconds.get(key, 0.0) + spent
            if place is not None:
                self.seconds_of_last_pass = spent

    def report(self) -> str:
        """The table of all entries, what they leave over, and the total since construction."""
        total = time.perf_counter() - self.start
        rows = [(name, seconds) for (name, _), seconds in self.seconds.items()]
        rows.append(("Rest", max(total - sum(self.seconds.values()), 0.0)))
        rows.append(("Total", total))
        lines = [banner("Execution time report"), "  ----Wall time----  ----Name----"]
        lines += [f"  {s:8.4f} ({100 * s / total:5.1f}%)  {name}" for name, s in rows]
        return "\n".join(lines) + "\n"
