"""Where a study is kept, so that it can be resumed and shared between processes and machines."""

from __future__ import annotations

import random
import time
import warnings
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import optuna

JOURNAL = "journal:"
"""Begins the name of a storage that is a file which is only appended to, good on shared folders."""

_ATTEMPTS = 20
"""Of opening a storage that other processes are creating at the same moment."""


_LOCK_SECONDS = 60
"""How long one process waits for the lock of another on a database file."""


class TunerError(Exception):
    """Tuning cannot go on; the message says why."""


def import_optuna() -> ModuleType:
    """The optuna package, quiet.

    Raises:
        TunerError: it is not installed.
    """
    try:
        import optuna  # noqa: PLC0415  only tuning needs it
    except ImportError as error:
        raise TunerError("tuning needs optuna: pip install 'lowbit[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def open_storage(name: str | None) -> Any:
    """The storage of a name.

    Args:
        name: `journal:FILE`, a database such as `sqlite:///FILE`, or None to keep nothing.

    Raises:
        TunerError: optuna is not installed, or the storage cannot be opened.
    """
    optuna = import_optuna()
    if name is None:
        return optuna.storages.InMemoryStorage()
    if name.startswith(JOURNAL):
        path = Path(name.removeprefix(JOURNAL))
        if not path.parent.is_dir():
            raise TunerError(f"--storage {name}: there is no folder {path.parent}")
        from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415

        return optuna.storages.JournalStorage(JournalFileBackend(str(path)))
    if "://" not in name:
        raise TunerError(f"--storage {name!r}: expected journal:FILE or a URL like sqlite:///FILE")
    if not name.startswith("sqlite"):
        return _patiently(lambda: optuna.storages.RDBStorage(name), name)
    waiting = {"connect_args": {"timeout": _LOCK_SECONDS}}
    storage = _patiently(lambda: optuna.storages.RDBStorage(name, engine_kwargs=waiting), name)
    _suit_many_writers(storage.engine)
    return storage


def _suit_many_writers(engine: Any) -> None:
    """Let a transaction of SQLite take its lock when it begins, and not wait for the disk.

    Otherwise two processes read that a candidate waits, and both take it: rows have no locks there.
    With a write-ahead log a loss of power may take the last candidates, and nothing else.
    """
    from sqlalchemy import event  # noqa: PLC0415  comes with optuna

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    engine.dispose()  # connections made before


def open_study(storage: Any, name: str, seed: int | None) -> optuna.Study:
    """The study of a name, created where it does not exist.

    Raises:
        TunerError: the storage does not let it be created.
    """
    optuna = import_optuna()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed)
    return _patiently(
        lambda: optuna.create_study(
            storage=storage, sampler=sampler, study_name=name, load_if_exists=True
        ),
        name,
    )


def _patiently(open_it: Any, name: str) -> Any:
    """Try again where two processes create one thing: the loser finds it the next time."""
    for attempt in range(_ATTEMPTS):
        try:
            return open_it()
        except Exception as error:
            if isinstance(error, ImportError | ValueError) or attempt == _ATTEMPTS - 1:
                reason = str(error).strip().splitlines() or [type(error).__name__]
                raise TunerError(f"cannot open {name}: {reason[0]}") from error
            time.sleep(0.05 + 0.1 * random.random())
    raise AssertionError("the last attempt returns or raises")
