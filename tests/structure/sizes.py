"""Lines of the project by folder, and its longest files: `python -m tests.structure.sizes`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = ("lowbit", "lowbit_dialect", "lowering", "runtime", "benchmarks")
FOLDERS = (*PACKAGES, "docs", "examples", "tests")

MOST_LINES = 350
"""Of a file that people write."""


def lines_of_files() -> dict[str, int]:
    """Lines of each Python file, by its path."""
    return {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def main() -> None:
    """Print lines by folder, and the ten longest files."""
    sizes, folders, files = lines_of_files(), Counter(), Counter()
    for name, lines in sizes.items():
        parts = name.split("/")
        folder = "/".join(parts[: min(2, len(parts) - 1)])
        folders[folder] += lines
        files[folder] += 1
    print(f"{sum(sizes.values()):,} lines in {len(sizes)} files")
    for folder in sorted(folders):
        print(f"{folders[folder]:7,} {files[folder]:4} files  {folder}")
    print("the longest:")
    for name in sorted(sizes, key=lambda name: -sizes[name])[:10]:
        print(f"{sizes[name]:7,}  {name}")


if __name__ == "__main__":
    main()
