"""A recorded search, and an MLflow database made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from recorded import Script

from lstm_automl.tracking import client as door
from lstm_automl.tracking import tracker


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tracker at its end has all the time that its caller gives it: what is looked at here is what it sends."""
    monkeypatch.setattr(tracker, "_STOPPED", 600.0)
    monkeypatch.setattr(tracker, "_AWAY", 600.0)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database, made once: making one takes seconds."""
    door.quiet()
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    door.connect(f"sqlite:///{path}")
    return path


@pytest.fixture
def uri(template: Path, tmp_path: Path) -> Iterator[str]:
    """A fresh database of this test's own."""
    path = tmp_path / "mlflow.db"
    shutil.copyfile(template, path)
    yield f"sqlite:///{path}"
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    for name in [n for n in SqlAlchemyStore._engine_map if str(tmp_path) in n]:
        SqlAlchemyStore._engine_map.pop(name).dispose()


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Script]:
    made = Script(tmp_path / "demo")
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def classified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished search on the ragged demo set of classification."""
    from trained import finished

    return finished(tmp_path_factory.mktemp("searches") / "demo", "classification")
