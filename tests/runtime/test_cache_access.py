"""The object cache runs only what no other user may change, and waits for nothing."""

from __future__ import annotations

import os
import socket
import stat
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from runtime import compile
from runtime.object_cache import cache

NOBODY = 65534

TEXT = """
func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {
  %y = lowbit.add %x, %x : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  func.return %y : tensor<4xi32>
}"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the entry of `TEXT`."""
    monkeypatch.setenv("LOWBIT_CACHE", str(tmp_path / "cache"))
    assert right()
    return tmp_path / "cache"


def right() -> bool:
    """Whether a compiled function is right."""
    x = np.arange(4, dtype=np.int32)
    return np.array_equal(compile(TEXT)(x), x + x)


def entry_of(folder: Path) -> Path:
    """The only entry of a cache."""
    (path,) = (path for path in folder.glob("*/*") if not path.name.startswith("."))
    return path


def quietly(run: Callable[[], bool]) -> bool:
    """Run something that must not warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return run()


def levels(folder: Path) -> dict[str, Path]:
    """What is checked: the entry and the folders that it is in."""
    entry = entry_of(folder)
    return {"folder": folder, "place": entry.parent, "entry": entry}


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a path belong to another user, or let this process be another one."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    else:
        another = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: another)


def test_folders_and_entries_are_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOWBIT_CACHE", str(tmp_path / "a" / "b" / "cache"))
    old = os.umask(0)
    try:
        assert right()
    finally:
        os.umask(old)
    for path in tmp_path.rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    assert quietly(right)


@pytest.mark.parametrize("level", ["folder", "place", "entry"])
def test_what_belongs_to_another_user_is_not_run(
    folder: Path, level: str, monkeypatch: pytest.MonkeyPatch
):
    path = levels(folder)[level]
    give_away(path, monkeypatch)
    owner = rf"belongs to \w* ?\(?uid {path.stat().st_uid}\)? and has mode 0[67]00"
    with pytest.warns(UserWarning, match=owner):
        assert right()


@pytest.mark.parametrize("level", ["folder", "place", "entry"])
@pytest.mark.parametrize("bits", [0o020, 0o002, 0o1777])
def test_what_other_users_may_write_is_not_run(folder: Path, level: str, bits: int):
    path = levels(folder)[level]
    path.chmod(stat.S_IMODE(path.stat().st_mode) | bits)
    mode = stat.S_IMODE(path.stat().st_mode)
    before = entry_of(folder).stat().st_ino
    with pytest.warns(UserWarning, match=f"{path} belongs to .* and has mode {mode:04o}"):
        assert right()
    if level == "entry":  # its folders are private, so it is replaced
        assert quietly(right)
    else:  # nothing is written where it would not be read
        assert entry_of(folder).stat().st_ino == before
        path.chmod(0o700)
        assert quietly(right)


def test_reading_by_other_users_is_harmless(folder: Path):
    for path in levels(folder).values():
        path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o055)
    assert quietly(right)


def test_what_belongs_to_root_is_run(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """A cache that came with an image of a container."""
    if os.geteuid() != 0:
        pytest.skip("only root can make files of root")
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    assert quietly(right)


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.mkdir()


def _full_folder(path: Path) -> None:
    path.mkdir()
    (path / "file").touch()


def _link_to_fifo(path: Path) -> None:
    os.mkfifo(path.with_name("fifo"))
    path.symlink_to("fifo")


def _link_to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = os.getcwd()
        os.chdir(path.parent)  # the whole path may be longer than a socket's may be
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


def _device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this user may not make devices")


KINDS = [_fifo, _folder, _full_folder, _link_to_fifo, _link_to_device, _link_to_itself, _socket]


@pytest.mark.parametrize("make", [*KINDS, _device])
def test_other_things_in_the_place_of_an_entry_are_damage(
    folder: Path, make: Callable[[Path], None]
):
    path = entry_of(folder)
    path.unlink()
    make(path)
    with pytest.warns(UserWarning, match=f"{path} is damaged: it is a "):
        assert right()
    if make is _full_folder:  # not ours to remove: every compilation is anew
        assert (path / "file").exists()
        with pytest.warns(UserWarning, match="is damaged: it is a folder"):
            assert right()
    else:
        assert stat.S_ISREG(path.lstat().st_mode)
        assert quietly(right)


@pytest.mark.parametrize("level", ["folder", "place"])
@pytest.mark.parametrize("make", [_fifo, _link_to_fifo, _link_to_itself, _socket])
def test_other_things_in_the_place_of_a_folder_are_told(
    folder: Path, level: str, make: Callable[[Path], None]
):
    path = levels(folder)[level]
    path.rename(path.with_name("moved"))
    make(path)
    with pytest.raises(cache.CacheError, match="cannot read the cache in"):
        right()


def test_a_folder_may_be_a_link(folder: Path):
    for path in (entry_of(folder).parent, folder):
        moved = path.with_name(f"moved-{path.name}")
        path.rename(moved)
        path.symlink_to(moved)
        assert quietly(right)


def test_a_full_disk_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(cache.CacheError, match="No space left on device"):
        cache.store("ab12", {}, b"data")
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def test_no_descriptor_is_left(folder: Path):
    def opened() -> int:
        return len(os.listdir("/proc/self/fd"))

    path = entry_of(folder)
    before = opened()
    right()
    path.chmod(0o622)
    with pytest.warns(UserWarning, match="is not used"):
        right()
    folder.chmod(0o777)
    with pytest.warns(UserWarning, match="is not used"):
        right()
    assert opened() == before
