"""MLflow's SQLite file, made before anybody opens it: MLflow itself fails when several processes meet an empty one."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import unquote

from lstm_automl.errors import StateError, StorageError

_PREFIX = "sqlite:///"


def path_of(uri: str) -> Path | None:
    """The file behind an SQLite tracking URI, absolute; None for anything else.

    >>> path_of("http://localhost:5000") is None
    True
    >>> str(path_of("sqlite:////tmp/mlflow.db"))
    '/tmp/mlflow.db'
    """
    if not uri.startswith(_PREFIX):
        return None
    name = unquote(uri[len(_PREFIX) :].partition("?")[0])
    return None if name in ("", ":memory:") else Path(name).absolute()


def artifacts_of(uri: str) -> str | None:
    """Where a new experiment's artifacts go: ``mlartifacts`` beside an SQLite file; a server decides by itself."""
    path = path_of(uri)
    return None if path is None else (path.parent / "mlartifacts").as_uri()


def ensure(uri: str) -> None:
    """Create the SQLite file of ``uri``, or bring it to the schema of the MLflow in use; else nothing.

    Any number of processes may call it at once: a lock file beside the database lets one of them work.

    Raises:
        StateError: the file is no MLflow database, or of a newer MLflow.
        StorageError: it cannot be written.
    """
    path = path_of(uri)
    if path is None:
        return
    try:
        with _locked(path):
            if not path.exists() or path.stat().st_size == 0:
                _create(path)
            elif _revision(path) != _head():
                _upgrade(path)
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror or error}") from error
    except sqlite3.DatabaseError as error:
        raise StateError(f"{path}: not an MLflow database ({error})") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        yield


def _create(path: Path) -> None:
    # built under another name and renamed: a kill leaves no half-made database
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    try:
        _open_store(fresh, artifacts_of(_PREFIX + str(path)) or "")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _open_store(path: Path, artifacts: str) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(f"{_PREFIX}{path}", artifacts)._dispose_engine()


def _revision(path: Path) -> str | None:
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and "alembic_version" not in tables:
            raise StateError(f"{path}: not an MLflow database (it holds {', '.join(sorted(tables)[:3])})")
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if tables else None
    return row[0] if row else None


def _head() -> str:
    from mlflow.store.db.utils import _get_latest_schema_revision

    return str(_get_latest_schema_revision())


def _upgrade(path: Path) -> None:
    from mlflow.store.db.utils import _upgrade_db, create_sqlalchemy_engine

    shutil.copyfile(path, f"{path}.before-upgrade")
    engine = create_sqlalchemy_engine(f"{_PREFIX}{path}")
    try:
        _upgrade_db(engine)
    except Exception as error:
        raise StateError(
            f"{path}: cannot be brought to the schema of this MLflow ({error}); "
            f"the file as it was: {path}.before-upgrade"
        ) from error
    finally:
        engine.dispose()
