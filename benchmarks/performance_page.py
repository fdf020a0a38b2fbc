"""Fill the tables of performance.md from files of results.

    python -m benchmarks.performance_page RESULTS.json ...

The files are written by `python -m benchmarks --json`: by `make peers` for this machine, by
`make model` for ARM processors. A table goes between `<!-- begin NAME -->` and
`<!-- end NAME -->`; the text around them is written by hand. Tables of a kind that no file has
results of stay as they are.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from benchmarks.goals import verdicts
from benchmarks.model_tables import (
    ON_CORTEX_A53,
    int16_table,
    model_goals_line,
    model_goals_table,
    model_summary_table,
    published_table,
    whole_calls_table,
)
from benchmarks.tables import (
    compile_table,
    goals_table,
    peers_table,
    ratios_tables,
    summary_table,
)
from runtime.cli.bench_tables import scaling_table
from runtime.measure.model_record import ModelRecord, has_models, load_models
from runtime.measure.record import Record, load_records

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
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


@dataclass(frozen=True)
class Results:
    """Records of one thread from all files, and those of the files that have several threads.

    Threads are compared with the single one of their own run. `models` are figures of processors
    that are not here.
    """

    single: Sequence[Record]
    threaded: Sequence[Record]
    models: Sequence[ModelRecord] = ()

    @staticmethod
    def of(files: Sequence[Sequence[Record]], models: Sequence[ModelRecord] = ()) -> Results:
        """Merged; of two records for the same setting the first one counts."""
        found: dict[tuple[str, ...], Record] = {}
        for r in (r for records in files for r in records if r.threads == 1):
            found.setdefault((r.id, r.pair, r.isa, r.out), r)
        several = [records for records in files if any(r.threads > 1 for r in records)]
        return Results(list(found.values()), [r for records in several for r in records], models)

    def out(self, name: str) -> list[Record]:
        """Those of an output."""
        return [r for r in self.single if r.out == name]


def _ratios(results: Results) -> str:
    tables = [table for table in ratios_tables(results.single) if table.row_count]
    return "\n".join(markdown(table) for table in tables)


def _summary(results: Results) -> str:
    found = list(verdicts(results.single))
    found += [v for v in verdicts(results.threaded) if v.record.threads > 1]
    met = sum(v.is_met for v in found)
    return f"{met} of {len(found)} goals are met.\n\n{markdown(summary_table(found))}"


FILLERS: dict[str, Callable[[Results], str]] = {
    "machine": lambda results: markdown(machine_table(results.single)),
    "packed": lambda results: markdown(goals_table(results.out("packed"))),
    "sums": lambda results: markdown(goals_table(results.out("i32"))),
    "ratios": _ratios,
    "peers": lambda results: markdown(peers_table(results.single)),
    "compile": lambda results: markdown(compile_table(results.out("packed"))),
    "threads": lambda results: markdown(scaling_table(results.threaded)),
    "goals": _summary,
}
"""What goes between the marks of each name, from what was measured."""


def _model_summary(models: Sequence[ModelRecord]) -> str:
    return f"{model_goals_line(models)}.\n\n{markdown(model_summary_table(models))}"


def versions_table(models: Sequence[ModelRecord]) -> Table:
    """The tools that the figures come from."""
    table = Table("", "of this run")
    for name, version in {k: v for r in models for k, v in r.versions.items()}.items():
        table.add_row(name, version)
    return table


MODEL_FILLERS: dict[str, Callable[[Sequence[ModelRecord]], str]] = {
    "model_tools": lambda models: markdown(versions_table(models)),
    "model_goals": _model_summary,
    "model_loops": lambda models: markdown(model_goals_table(models)),
    "model_calls": lambda models: markdown(whole_calls_table(models)),
    "model_int16": lambda models: markdown(int16_table(models)),
    "model_published": lambda models: markdown(published_table(models, ON_CORTEX_A53)),
}
"""The same for figures by the model."""


def fill(text: str, results: Results) -> str:
    """The page with the tables made anew that there are results for.

    Raises:
        KeyError: the page asks for a table that there is not.
    """

    def filled(match: re.Match[str]) -> str:
        if match[2] in MODEL_FILLERS:
            table = MODEL_FILLERS[match[2]](results.models) if results.models else None
        else:
            filler = FILLERS[match[2]]
            table = filler(results) if results.single or results.threaded else None
        return match[0] if table is None else f"{match[1]}\n{table}\n{match[4]}"

    return _SPAN.sub(filled, text)


def load_results(paths: Sequence[Path]) -> Results:
    """The results of files, measured ones and those by the model.

    Raises:
        OSError: a file cannot be read.
        ValueError: it holds something else; the message names it.
    """
    measured: list[list[Record]] = []
    models: list[ModelRecord] = []
    for path in paths:
        if has_models(path):
            models += load_models(path)
        else:
            measured.append(load_records(path))
    return Results.of(measured, models)


def main(paths: Sequence[str]) -> int:
    """Rewrite the page; the exit code."""
    if not paths:
        print("usage: python -m benchmarks.performance_page RESULTS.json ...", file=sys.stderr)
        return 2
    try:
        results = load_results([Path(path) for path in paths])
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    PAGE.write_text(fill(PAGE.read_text(), results))
    print(f"rewritten: {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
