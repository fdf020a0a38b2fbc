"""A budget of lines: a file that people write is one thing, and short."""

from __future__ import annotations

from tests.structure.sizes import MOST_LINES, lines_of_files, main

TO_BE_SPLIT = {
    "lowbit_dialect/qonnx.py": 385,
    "lowering/importers/convert_contractions.py": 400,
    "lowering/importers/convert_pointwise.py": 400,
    "lowering/importers/shape_functions.py": 610,
    "lowering/importers/steps.py": 400,
    "lowering/strategies/lut/lower_lut_tile.py": 415,
    "lowering/strategies/lut/table_tiles.py": 385,
}
"""Files that are longer than the budget, and how long they may be until they are split."""


def test_no_file_is_longer_than_the_budget() -> None:
    sizes = lines_of_files()
    over = {
        name: lines for name, lines in sizes.items() if lines > TO_BE_SPLIT.get(name, MOST_LINES)
    }
    assert over == {}


def test_the_budget_is_printed(capsys) -> None:
    main()
    printed = capsys.readouterr().out
    assert "lowbit_dialect/ops" in printed
    assert printed.count("\n") > 30
