"""Files of results: a JSON list, an entry for each record of one kind."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")


def dump_results(records: Iterable[DataclassInstance]) -> bytes:
    """The content of a file."""
    return (json.dumps([asdict(r) for r in records], indent=1) + "\n").encode()


def load_results(path: Path, kind: type[R], what: str) -> list[R]:
    """The records of a file; `what` is their kind in words.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds something else; the message names it.
    """
    try:
        data = json.loads(path.read_text())
        if not isinstance(data, list):
            raise ValueError("not a list of records")
        return [_record(entry, kind, what) for entry in data]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def has_results(path: Path, kind: type[DataclassInstance]) -> bool:
    """Whether a file begins with a record of a kind.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        data = json.loads(path.read_text())
        return isinstance(data, list) and bool(data) and bool(_record(data[0], kind, ""))
    except ValueError:
        return False


def _record(entry: Any, kind: type[R], what: str) -> R:
    names = {f.name for f in fields(kind)}
    if not isinstance(entry, dict) or not set(entry) <= names:
        raise ValueError(f"not a record of {what}")
    try:
        return kind(**entry)
    except TypeError as error:
        raise ValueError(f"not a record of {what}: {error}") from error
