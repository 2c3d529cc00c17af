"""The one door to MLflow: quiet, without telemetry."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING

from lstm_automl.tracking import patience

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

DEFAULT_URI = "sqlite:///mlflow.db"


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
    patience.install()
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


def is_absent(error: MlflowException) -> bool:
    """Whether MLflow says that there is no such thing; anything else means that it could not be asked."""
    return error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "ENDPOINT_NOT_FOUND")
