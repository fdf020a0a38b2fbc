"""Where records of measurements come from, apart from what understands them.

Compiling from the cache needs only this: what is found there depends on what the records say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from lowering.targets import Target

SHIPPED_RECORDS = "shipped"
"""The records that come with lowbit."""

NO_RECORDS = "none"
"""No records: the cost model alone decides."""

SHIPPED: dict[str, tuple[int, frozenset[str]]] = {
    "znver5": (512, frozenset({"avx512vpopcntdq", "avx512vbmi", "avx512vnni"})),
    "x86-64-v3": (256, frozenset({"avx2"})),
}
"""CPUs with shipped records, and which others these serve: of that vector width and features."""

_FOLDER = Path(__file__).parent / "kernels" / "shipped_records"


@dataclass(frozen=True)
class RecordSource:
    """Some records: their name in messages, their JSON lines, and the CPU that counts in them."""

    name: str
    text: str
    cpu: str


def read_records(path: Path) -> str:
    """The text of a file of records.

    Raises:
        ValueError: it cannot be read, or is no file that can be read several times.
    """
    if path.exists() and not path.is_file():
        raise ValueError(f"records {path}: expected a regular file, which is read several times")
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ValueError(f"records {path}: {error.strerror or error}") from error


def shipped_for(target: Target) -> str | None:
    """The CPU whose shipped records suit a target, or None."""
    if target.cpu in SHIPPED:
        return target.cpu
    for cpu, (vector_bits, features) in SHIPPED.items():
        if target.vector_bits == vector_bits and features <= target.isa:
            return cpu
    return None


def shipped_path(cpu: str) -> Path:
    """The file of the shipped records of a CPU, a key of `SHIPPED`."""
    return _FOLDER / f"{cpu}.jsonl"


@cache
def _shipped(cpu: str) -> RecordSource:
    path = shipped_path(cpu)
    return RecordSource(str(path), read_records(path), cpu)


def sources(target: Target, records: str) -> Iterator[RecordSource]:
    """What is asked, in this order.

    Args:
        target: the machine.
        records: a file, asked before the shipped ones; `shipped` for those alone, or `none`.

    Raises:
        ValueError: the file cannot be read.
    """
    if records == NO_RECORDS:
        return
    if records != SHIPPED_RECORDS:
        yield RecordSource(records, read_records(Path(records)), target.cpu)
    cpu = shipped_for(target)
    if cpu is not None:
        yield _shipped(cpu)


@lru_cache(maxsize=16)
def _digest(cpu: str, text: str) -> str:
    return hashlib.sha256(f"{cpu}\n{text}".encode()).hexdigest()


def digest(target: Target, records: str) -> str:
    """Changes with the content of what `records` names, and with nothing else.

    Raises:
        ValueError: the file cannot be read.
    """
    return ",".join(_digest(source.cpu, source.text) for source in sources(target, records))
