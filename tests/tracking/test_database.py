"""MLflow's SQLite file: made once, whole, whoever comes first."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from lstm_automl.errors import StateError, StorageError, UsageError
from lstm_automl.tracking import client as door
from lstm_automl.tracking import database

START = """
import sys
from lstm_automl.tracking.client import connect
client = connect(sys.argv[1])
client.create_run(client.create_experiment(sys.argv[2]), tags={"k": "v"})
"""


@pytest.mark.slow
def test_eight_processes_meet_an_empty_file(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    (tmp_path / "mlflow.db").touch()
    started = [subprocess.Popen([sys.executable, "-c", START, uri, f"e{i}"], stderr=subprocess.PIPE) for i in range(8)]
    ended = [(process.communicate(timeout=600)[1].decode(), process.returncode) for process in started]
    assert [code for _, code in ended] == [0] * 8, ended
    assert sorted(e.name for e in door.connect(uri).search_experiments()) == ["Default", *(f"e{i}" for i in range(8))]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mlflow.db", "mlflow.db.lock"]


def test_an_older_schema_is_upgraded_and_the_old_file_kept(uri: str, tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    client = door.connect(uri)
    client.create_experiment("kept")
    _downgrade(path)
    assert database._revision(path) != database._head()
    database.ensure(uri)
    assert database._revision(path) == database._head()
    assert (tmp_path / "mlflow.db.before-upgrade").exists()
    assert door.connect(uri).get_experiment_by_name("kept") is not None


def _downgrade(path: Path) -> None:
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config, create_sqlalchemy_engine

    engine = create_sqlalchemy_engine(f"sqlite:///{path}")
    config = _get_alembic_config(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    engine.dispose()


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    other, text = tmp_path / "other.db", tmp_path / "text.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mine(x)")
    text.write_text("not a database, and long enough to be read as one" * 10)
    before = {path: path.read_bytes() for path in (other, text)}
    with pytest.raises(StateError, match=r"other\.db: not an MLflow database \(it holds mine\)"):
        database.ensure(f"sqlite:///{other}")
    with pytest.raises(StateError, match=r"text\.db: not an MLflow database"):
        database.ensure(f"sqlite:///{text}")
    assert {path: path.read_bytes() for path in (other, text)} == before


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file"):
        database.ensure(f"sqlite:///{tmp_path}/file/mlflow.db")


def test_a_killed_creation_leaves_nothing_half_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(path: Path, artifacts: str) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(database, "_open_store", cut)
    with pytest.raises(KeyboardInterrupt):
        database.ensure(f"sqlite:///{tmp_path}/mlflow.db")
    assert [p.name for p in tmp_path.iterdir()] == ["mlflow.db.lock"]


def test_the_default_is_one_place_whatever_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    assert door.resolve(None) == f"sqlite:///{tmp_path}/mlflow.db"
    assert door.resolve("sqlite:///a.db") == f"sqlite:///{tmp_path}/a.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert door.resolve(None) == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("uri", "meant"),
    [
        ("./mlruns", "sqlite:///mlflow.db"),
        ("file:///tmp/mlruns", "sqlite:///mlflow.db"),
        ("file:/tmp/x.db", "sqlite:////tmp/x.db"),
        ("file:///tmp/x.db", "sqlite:////tmp/x.db"),
        ("file:x.db", "sqlite:///x.db"),
        ("a/x.db", "sqlite:///a/x.db"),
    ],
)
def test_folders_are_refused_wherever_they_are_named(uri: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    said = f"{re.escape(repr(uri))}: MLflow no longer writes runs into folders; a database is {meant!r}$"
    with pytest.raises(UsageError, match=f"^--tracking-uri {said}"):
        door.resolve(uri)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(UsageError, match=f"^MLFLOW_TRACKING_URI {said}"):
        door.resolve(None)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    assert door.resolve(None) == door.resolve(uri) == uri


def test_every_store_of_mlflow_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for uri in ("databricks", "databricks-uc", "databricks-uc://profile", "postgresql+psycopg2://host/db"):
        assert door.resolve(uri) == uri
    for uri in ("", "nonsense://x"):
        with pytest.raises(UsageError, match="no store of MLflow begins so"):
            door.resolve(uri)
