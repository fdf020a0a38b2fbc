"""The names of cache entries: a hash of everything that decides what a compiled object holds."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from functools import cache
from importlib.metadata import version
from pathlib import Path

from lowering.record_sources import SHIPPED_RECORDS, digest
from lowering.support import plugins
from lowering.targets import Target


@cache
def compiler_fingerprint() -> str:
    """Versions of all that compiles, and the sources of this package: a change makes new keys.

    The content of the sources counts, not their times: some installers set all times to one value.
    """
    found = hashlib.sha256()
    for name in ("lowbit", "xdsl", "llvmlite", "numpy"):
        found.update(f"{name} {version(name)};".encode())
    root = Path(__file__).parents[2]
    for package in ("lowbit_dialect", "lowering", "runtime"):
        for path in sorted((root / package).rglob("*.py")):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"{path.relative_to(root)} {content};".encode())
    return found.hexdigest()


@cache
def _target_facts(target: Target) -> str:
    """All of a target; its set of features, whose order differs between processes, sorted."""
    facts = {field.name: getattr(target, field.name) for field in fields(target)}
    return repr(facts | {"isa": sorted(target.isa)})


def key(text: str, target: Target, strategy: str = "auto", records: str = SHIPPED_RECORDS) -> str:
    """Name of the entry for a module's text compiled for a target with a strategy and records.

    Of records their content counts, not the file's name.

    Raises:
        ValueError: the records cannot be read.
    """
    measured = digest(target, records)
    facts = f"{compiler_fingerprint()}\n{plugins.fingerprint()}\n{_target_facts(target)}\n"
    facts += f"{strategy}\n{measured}\n"
    whole = hashlib.sha256(facts.encode())
    whole.update(text.encode(errors="surrogatepass"))
    return whole.hexdigest()
