"""The object cache: whole entries or none, whoever writes and whatever happens."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import warnings
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from lowering.targets import Target, get_target
from runtime import compile
from runtime.object_cache import cache
from runtime.object_cache import key as cache_key
from runtime.object_cache.cache import CacheError
from runtime.object_cache.key import compiler_fingerprint

TEXT = """\
func.func @main(%x: tensor<4x6x!lowbit.unipolar<2>>, %w: tensor<6x3x!lowbit.signed<2>>)
    -> tensor<4x3xi32> {
  %y = lowbit.matmul %x, %w : (tensor<4x6x!lowbit.unipolar<2>>, tensor<6x3x!lowbit.signed<2>>)
    -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("LOWBIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def entries(folder: Path) -> list[Path]:
    """All files of a cache, left-overs too."""
    return [p for p in folder.rglob("*") if p.is_file()]


def right() -> bool:
    """Whether a compiled function is right."""
    rng = np.random.default_rng(0)
    x, w = rng.integers(0, 4, (4, 6)), rng.integers(-2, 2, (6, 3))
    return np.array_equal(compile(TEXT)(x, w), x @ w)


def test_the_second_time_nothing_is_compiled(folder: Path, monkeypatch: pytest.MonkeyPatch):
    assert right()
    assert len(entries(folder)) == 1

    def fail(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr("runtime.build.build_object", fail)
    assert right()
    with pytest.raises(AssertionError):
        compile(TEXT, use_cache=False)
    with pytest.raises(AssertionError):
        compile(TEXT, "host+sse2")


def test_round_trip(folder: Path):
    metadata, data = {"a": [1, "ä"]}, bytes(range(256))
    assert cache.load("ab12") is None
    cache.store("ab12", metadata, data)
    assert cache.load("ab12") == (metadata, data)
    cache.store("ab12", metadata, b"")
    assert cache.load("ab12") == (metadata, b"")


def test_every_truncation_is_noticed(folder: Path):
    cache.store("ab12", {"name": "f"}, b"object" * 10)
    (path,) = entries(folder)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.warns(UserWarning, match=f"cache entry {path} is damaged"):
            assert cache.load("ab12") is None


def test_every_changed_byte_is_noticed(folder: Path):
    cache.store("ab12", {"name": "f"}, b"object" * 10)
    (path,) = entries(folder)
    whole = path.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        if position in (6, 7):  # another version of the format is nobody's fault
            assert cache.load("ab12") is None
            continue
        with pytest.warns(UserWarning, match=r"is damaged: .*; compiling anew"):
            assert cache.load("ab12") is None


def test_an_entry_is_bound_to_its_key(folder: Path):
    other = TEXT.replace("4x", "5x")
    compile(TEXT)
    (first,) = entries(folder)
    compile(other)
    (second,) = (path for path in entries(folder) if path != first)
    first.write_bytes(second.read_bytes())
    with pytest.warns(UserWarning, match=f"{first} is damaged: it is the entry of another key"):
        assert right()
    assert right()


@pytest.mark.parametrize("metadata", [None, 3, {}, [{}], ["main"], [[]], [{"name": "main"}]])
def test_wrong_metadata_are_damage(folder: Path, metadata: object):
    assert right()
    (path,) = entries(folder)
    whole = path.read_bytes()
    cache.store(path.name, metadata, b"no object")
    with pytest.warns(UserWarning, match="its metadata are not those of a compiled module"):
        assert right()
    assert path.read_bytes() == whole


def test_an_object_that_cannot_be_loaded_is_damage(folder: Path):
    assert right()
    (path,) = entries(folder)
    loaded = cache.load(path.name)
    assert loaded is not None
    metadata, data = loaded
    renamed = [metadata[0] | {"name": "another"}]
    for wrong, content in ((metadata, data[:70]), (metadata, b"MZ" + data), (renamed, data)):
        cache.store(path.name, wrong, content)
        with pytest.warns(UserWarning, match=r"is damaged: .*; compiling anew"):
            assert right()
        assert right()


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_damaged_entry_is_replaced(folder: Path, kept: float):
    assert right()
    (path,) = entries(folder)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.warns(UserWarning, match="compiling anew"):
        assert right()
    assert path.read_bytes() == whole
    assert right()


def _write(worker: int) -> int:
    """Compile, then write and read one entry again and again; count what is wrong."""
    wrong = 0 if right() else 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in range(100):
            cache.store("cd34", [worker, i], bytes([worker]) * 5000)
            found = cache.load("cd34")
            wrong += found is None or found[1] != bytes([found[0][0]]) * 5000
    return wrong


def test_processes_write_the_same_entry_at_once(folder: Path):
    with get_context("spawn").Pool(3) as pool:
        assert pool.map(_write, range(3)) == [0, 0, 0]
    assert len(entries(folder)) == 2  # and nothing half-written beside them


def test_an_interrupted_write_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cache.store("ab12", {}, b"data")
    assert entries(folder) == []


def test_a_named_folder_must_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        monkeypatch.setenv("LOWBIT_CACHE", str(place))
        with pytest.raises(CacheError, match="set LOWBIT_CACHE to another folder"):
            compile(TEXT)


def test_the_default_folder_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "lowbit").touch()
    monkeypatch.delenv("LOWBIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.warns(UserWarning, match="cannot (read|write) the cache in"):
        assert right()


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("LOWBIT_CACHE")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache.directory() == Path("/caches/lowbit")
    for ignored in ("relative", ""):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert cache.directory() == Path("/home/me/.cache/lowbit")
    monkeypatch.setenv("LOWBIT_CACHE", "objects")  # relative, as for any path that a user names
    assert cache.directory() == Path("objects")
    monkeypatch.setenv("LOWBIT_CACHE", "")
    assert cache.directory() is None


@pytest.mark.parametrize("named", ["", "relative", "./x", "~"])
def test_a_home_that_is_not_absolute_is_not_set(monkeypatch: pytest.MonkeyPatch, named: str):
    monkeypatch.delenv("LOWBIT_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", named)
    assert cache.directory() == Path(pwd.getpwuid(os.getuid()).pw_dir, ".cache", "lowbit")

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert cache.directory() is None


def test_no_cache_where_it_is_set_to_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("LOWBIT_CACHE", "")
    monkeypatch.chdir(tmp_path)
    assert right()
    assert list(tmp_path.iterdir()) == []


def other_targets() -> list[Target]:
    """Targets that differ from the host in one fact."""
    host = get_target("host")
    return [
        *(replace(host, cpu="other"), replace(host, features="+other")),
        replace(host, isa=frozenset(sorted(host.isa)[1:])),
        *(replace(host, vector_registers=3), replace(host, costs=replace(host.costs, l1_bytes=1))),
        *(get_target("znver4"), get_target("cortex-a53")),
    ]


def test_the_key_holds_everything(monkeypatch: pytest.MonkeyPatch):
    host = get_target("host")
    names = {cache.key(TEXT, target) for target in (host, *other_targets())}
    names |= {cache.key(TEXT + " ", host), cache.key("", host)}
    assert len(names) == len(other_targets()) + 3
    assert cache.key(TEXT, replace(host)) == cache.key(TEXT, host)
    monkeypatch.setattr(cache_key, "compiler_fingerprint", lambda: "another version")
    assert cache.key(TEXT, host) not in names


def test_the_fingerprint_sees_versions(monkeypatch: pytest.MonkeyPatch):
    before = compiler_fingerprint.__wrapped__()
    assert compiler_fingerprint.__wrapped__() == before
    monkeypatch.setattr(cache_key, "version", lambda name: "9.9")
    assert compiler_fingerprint.__wrapped__() != before


def test_the_fingerprint_sees_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Also where times and sizes stay the same, as some installers leave them."""
    source = tmp_path / "lowering" / "a.py"
    source.parent.mkdir()
    (tmp_path / "runtime").mkdir()
    place = tmp_path / "runtime" / "object_cache" / "key.py"
    monkeypatch.setattr(cache_key, "__file__", str(place))
    found = set()
    for text in ("x = 1", "x = 2"):
        source.write_text(text)
        os.utime(source, (1, 1))
        found.add(compiler_fingerprint.__wrapped__())
    assert len(found) == 2


def test_processes_agree_on_the_key():
    """Sets have another order in each process; the key must not."""
    code = (
        "from runtime.object_cache import cache; from lowering.targets import get_target;"
        "print(cache.key('text', get_target('host')))"
    )
    keys = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert keys == {cache.key("text", get_target("host")) + "\n"}
