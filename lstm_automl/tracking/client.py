"""The one door to MLflow: quiet, without telemetry, and impatient where nothing may wait for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

DEFAULT_URI = "sqlite:///mlflow.db"

# MLflow retries a dead server for four minutes; our own loop retries instead, with nothing waiting for it.
_IMPATIENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
}


def resolve(uri: str | None) -> str:
    """The tracking URI to use: the one given, else ``MLFLOW_TRACKING_URI``, else ``mlflow.db`` here; absolute.

    >>> resolve("http://localhost:5000")
    'http://localhost:5000'
    """
    from lstm_automl.tracking import database

    chosen = uri or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI
    path = database.path_of(chosen)
    return chosen if path is None else f"sqlite:///{path}"


def quiet() -> None:
    """Settings that must stand before ``import mlflow``; what the user has set stays."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    # the last line of standard output belongs to --json
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")


def connect(uri: str | None) -> MlflowClient:
    """A client of tracking server and registry at ``uri``; an SQLite file is created or upgraded first."""
    from lstm_automl.tracking import database

    quiet()
    where = resolve(uri)
    database.ensure(where)
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=where, registry_uri=where)


def pyfunc() -> ModuleType:
    """``mlflow.pyfunc``, without what it warns of its own type hints when it is imported."""
    import warnings

    quiet()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.pyfunc
    return mlflow.pyfunc  # type: ignore[no-any-return]


@contextmanager
def impatient() -> Iterator[None]:
    """Within: no call to a server lasts longer than 10 s, none is repeated by MLflow itself."""
    before = {name: os.environ.get(name) for name in _IMPATIENT}
    os.environ.update({name: value for name, value in _IMPATIENT.items() if before[name] is None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
