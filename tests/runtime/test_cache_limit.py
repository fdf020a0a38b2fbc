"""The cache does not grow without end, and what was used lately stays."""

from __future__ import annotations

import os
import time
import warnings
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import pytest

from runtime.object_cache import cache
from runtime.object_cache import limit as cache_limit

SIZE = 10_000
"""Bytes of the object in an entry of these tests; what is before it takes 200 more at most."""


def name(number: int) -> str:
    """A name as `cache.key` makes them."""
    return sha256(str(number).encode()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache that holds five entries."""
    monkeypatch.setenv("LOWBIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LOWBIT_CACHE_LIMIT", str(5 * (SIZE + 200)))
    return tmp_path / "cache"


def store(number: int) -> None:
    """Write an entry, and let the clock of the file system go on."""
    cache.store(name(number), number, bytes(SIZE))
    time.sleep(0.02)


def kept(count: int) -> list[int]:
    """Which of so many entries are there."""
    return [k for k in range(count) if any(cache.directory().rglob(name(k)))]  # pyright: ignore


def test_the_oldest_entries_go_first(folder: Path):
    for number in range(5):
        store(number)
    assert kept(5) == [0, 1, 2, 3, 4]
    store(5)  # one too many: down to nine tenths of the limit
    assert kept(6) == [2, 3, 4, 5]


def test_what_was_read_lately_stays(folder: Path):
    for number in range(5):
        store(number)
    assert cache.load(name(0)) is not None
    time.sleep(0.02)
    store(5)
    assert kept(6) == [0, 3, 4, 5]


def test_an_entry_larger_than_the_cache_is_not_written(folder: Path):
    store(0)
    cache.store(name(1), None, bytes(6 * SIZE))
    assert kept(2) == [0]
    assert cache.load(name(1)) is None


def test_only_our_own_files_are_removed(folder: Path):
    others = [folder / "ab" / "thesis.tex", folder / "photos" / name(7), folder / name(8)]
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(20 * SIZE))
        os.utime(path, (0, 0))
    for number in range(7):
        store(number)
    assert len(kept(7)) <= 5
    assert all(path.exists() for path in others)


def test_what_dead_writers_left_behind_is_removed(folder: Path):
    store(0)
    place = next(folder.iterdir())
    old, young = place / ".new-old", place / ".new-young"
    old.write_bytes(b"half of an")
    os.utime(old, (0, 0))
    young.write_bytes(b"half of an")
    store(1)
    assert not old.exists()
    assert young.exists()


def _work(worker: int) -> int:
    """Write and read entries that other processes write, read and remove; count what is wrong."""
    wrong = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in range(150):
            number = (i * (worker + 1)) % 23
            cache.store(name(number), number, bytes([number]) * SIZE)
            found = cache.load(name(i % 23))
            wrong += found is not None and found != (i % 23, bytes([i % 23]) * SIZE)
    return wrong


def test_processes_evict_at_once(folder: Path):
    with get_context("spawn").Pool(3) as pool:
        assert pool.map(_work, range(3)) == [0, 0, 0]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= cache_limit.limit()
    assert not [path for path in files if path.name.startswith(".new-")]


@pytest.mark.parametrize(
    ("text", "size"), [("", 1 << 30), ("0", 0), ("1000", 1000), ("3k", 3072), (" 2G", 2 << 30)]
)
def test_sizes(monkeypatch: pytest.MonkeyPatch, text: str, size: int):
    monkeypatch.setenv("LOWBIT_CACHE_LIMIT", text)
    assert cache_limit.limit() == size


@pytest.mark.parametrize("text", ["much", "-1", "1.5G", "1 T", "٣G", "9" * 5000])
def test_what_is_no_size(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("LOWBIT_CACHE_LIMIT", text)
    with pytest.raises(ValueError, match=r"LOWBIT_CACHE_LIMIT=.*expected bytes"):
        cache.load(name(0))
