"""Fill the excerpts of IR and assembly in the pages of this folder by running the compiler.

    python -m docs.generate_excerpts            rewrite the pages
    python -m docs.generate_excerpts --check    only say which are out of date, and fail

An excerpt is a code block behind a comment that says where it comes from:

    <!-- excerpt file=docs/examples/tile.mlir passes='lowbit-to-loops{target=znver5}'
         from='scf.for' lines=9 drop=arith.constant -->

`file` goes through `passes` (and `-t emit`, where given). `from` is text in the first line of the
excerpt and `to` text in the last one; where one of them is given several times, each is looked for
behind the one before. `lines` is the most lines to show; lines with the text of a `drop` are left
out, and so are the parameters of an attribute named by `elide`.
"""

from __future__ import annotations

import re
import shlex
import sys
import textwrap
from collections import defaultdict
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

from docs.ir_text import page
from lowering.opt_main import main as lowbit_opt

DOCS = Path(__file__).parent
_EXCERPT = re.compile(r"(<!-- excerpt (.*?)-->\n+```(\w*)\n)(.*?)(```\n)", re.DOTALL)


@cache
def run(file: str, passes: str, emit: str) -> str:
    """What `lowbit-opt FILE -p PASSES -t EMIT` prints.

    Raises:
        ValueError: it failed.
    """
    out = StringIO()
    args = [str(DOCS.parent / file), *(["-p", passes] if passes else [])]
    with redirect_stdout(out):
        if lowbit_opt([*args, *(["-t", emit] if emit else [])]) != 0:
            raise ValueError(f"lowbit-opt {shlex.join(args)} failed")
    return out.getvalue()


def excerpt(spec: str) -> str:
    """The text of an excerpt.

    Raises:
        ValueError: the specification is wrong or finds nothing.
    """
    fields: defaultdict[str, list[str]] = defaultdict(list)
    for word in shlex.split(spec):
        name, _, value = word.partition("=")
        if name not in ("file", "passes", "emit", "from", "to", "lines", "drop", "elide"):
            raise ValueError(f"unknown field {name!r} in excerpt {spec!r}")
        fields[name].append(value)
    file, passes, emit = ("".join(fields[name]) for name in ("file", "passes", "emit"))
    lines = run(file, passes, emit).rstrip().split("\n")
    start = 0
    for text in fields["from"]:
        start = _find(lines, text, start + (text != fields["from"][0]), spec)
    end = len(lines)
    for text in fields["to"]:
        end = _find(lines, text, start if end == len(lines) else end, spec) + 1
    kept = [line for line in lines[start:end] if not any(d in line for d in fields["drop"])]
    if fields["lines"]:
        kept = kept[: int(fields["lines"][0])]
    text = textwrap.dedent("\n".join(kept)).expandtabs(8)
    for name in fields["elide"]:
        text = re.sub(rf"{re.escape(name)}<[^>]*>", f"{name}<..>", text)
    return page(text)


def _find(lines: list[str], text: str, start: int, spec: str) -> int:
    for number in range(start, len(lines)):
        if text in lines[number]:
            return number
    raise ValueError(f"no line with {text!r} for excerpt {spec!r}")


def fill(text: str) -> str:
    """A page with its excerpts made anew."""
    return _EXCERPT.sub(lambda m: f"{m[1]}{excerpt(m[2])}\n{m[5]}", text)


def main(check: bool) -> int:
    """Rewrite or check all pages; the exit code."""
    stale = []
    for path in sorted(DOCS.glob("*.md")):
        old = path.read_text()
        new = fill(old)
        if old != new:
            stale.append(path.name)
            if not check:
                path.write_text(new)
    if stale:
        print(f"{'out of date' if check else 'rewritten'}: {', '.join(stale)}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
