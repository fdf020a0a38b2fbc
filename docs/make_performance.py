"""Fill the tables of performance.md from files of results.

    python -m docs.make_performance RESULTS.json ...

The files are those that `lowbit bench --json` writes; `make peers` makes them all. A table goes
between `<!-- begin NAME -->` and `<!-- end NAME -->`; the text around them is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.table import Table

from runtime.bench.record import Record, load_records
from runtime.cli.bench_tables import (
    compile_table,
    goals_line,
    goals_table,
    missed_table,
    peers_table,
    ratios_table,
    scaling_table,
)

PAGE = Path(__file__).parent / "performance.md"
_SPAN = re.compile(r"(<!-- begin (\w+) -->\n)(.*?)(<!-- end \2 -->)", re.DOTALL)


def markdown(table: Table) -> str:
    """A rich table as Markdown; where it has no rows, a line that says so."""
    if not table.row_count:
        return "Not measured in these results.\n"
    rules = ["--:" if c.justify == "right" else "---" for c in table.columns]
    rows = [
        [str(column.header) for column in table.columns],
        rules,
        *zip(*(column.cells for column in table.columns), strict=True),
    ]
    return "".join(f"| {' | '.join(_cell(cell) for cell in row)} |\n" for row in rows)


def _cell(cell: object) -> str:
    return str(cell).replace("|", "\\|").replace("*", "\\*")


def machine_table(records: Sequence[Record]) -> Table:
    """The machine and the versions of a run."""
    table, about = Table("", "of this run"), records[0].machine
    caches = ", ".join(f"{name} {size // 1024} KB" for name, size in about["caches"].items())
    table.add_row("processor", f"{about['cpu']} (LLVM calls it {about['llvm_cpu']})")
    table.add_row("caches", caches)
    table.add_row("kernel", about["kernel"])
    table.add_row("Python", about["python"])
    versions: dict[str, str] = {}
    for record in records:
        versions |= record.machine["versions"]
    for name, version in versions.items():
        table.add_row(name, version)
    return table


def _single(records: Sequence[Record]) -> list[Record]:
    return [r for r in records if r.threads == 1]


def _missed(records: Sequence[Record]) -> str:
    line, missed = goals_line(records)
    table = markdown(missed_table(missed)) if missed else ""
    return f"{line}.\n\n{table}"


FILLERS: dict[str, Callable[[Sequence[Record]], str]] = {
    "machine": lambda records: markdown(machine_table(records)),
    "packed": lambda records: markdown(
        goals_table([r for r in _single(records) if r.out == "packed"])
    ),
    "sums": lambda records: markdown(goals_table([r for r in _single(records) if r.out == "i32"])),
    "ratios": lambda records: markdown(ratios_table(records)),
    "peers": lambda records: markdown(peers_table(records)),
    "compile": lambda records: markdown(compile_table(_single(records))),
    "threads": lambda records: markdown(scaling_table(records)),
    "missed": _missed,
}
"""What goes between the marks of each name."""


def merge(files: Sequence[Sequence[Record]]) -> list[Record]:
    """The records of several files; of two for the same setting the first one."""
    found: dict[tuple[object, ...], Record] = {}
    for records in files:
        for r in records:
            found.setdefault((r.id, r.pair, r.isa, r.out, r.threads), r)
    return list(found.values())


def fill(text: str, records: Sequence[Record]) -> str:
    """The page with its tables made anew.

    Raises:
        KeyError: the page asks for a table that there is not.
    """
    return _SPAN.sub(lambda m: f"{m[1]}\n{FILLERS[m[2]](records)}\n{m[4]}", text)


def main(paths: Sequence[str]) -> int:
    """Rewrite the page; the exit code."""
    if not paths:
        print("usage: python -m docs.make_performance RESULTS.json ...", file=sys.stderr)
        return 2
    try:
        records = merge([load_records(Path(path)) for path in paths])
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    PAGE.write_text(fill(PAGE.read_text(), records))
    print(f"rewritten: {PAGE.name}, from {len(records)} records")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
