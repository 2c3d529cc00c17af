"""The one door to MLflow: quiet, without telemetry."""

from __future__ import annotations

import os
import re
from types import ModuleType
from typing import TYPE_CHECKING

from lstm_automl.errors import UsageError, did_you_mean
from lstm_automl.tracking import patience

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

DEFAULT_URI = "sqlite:///mlflow.db"
STORES = ("databricks", "databricks-uc", "file", "http", "https", "mssql", "mysql", "postgresql", "sqlite")
"""Schemes of MLflow's own tracking stores."""


def resolve(uri: str | None) -> str:
    """The tracking URI to use: the one given, else ``MLFLOW_TRACKING_URI``, else ``mlflow.db`` here; absolute.

    Nothing is opened or written.

    Raises:
        UsageError: MLflow has no such store, or writes no longer into it.

    >>> resolve("http://localhost:5000")
    'http://localhost:5000'
    """
    from lstm_automl.tracking import database

    said = os.environ.get("MLFLOW_TRACKING_URI")
    if uri is None and said:
        chosen = check_uri(said, "MLFLOW_TRACKING_URI")
    else:
        chosen = check_uri(DEFAULT_URI if uri is None else uri)
    path = database.path_of(chosen)
    return chosen if path is None else f"sqlite:///{path}"


def check_uri(uri: str, place: str = "--tracking-uri") -> str:
    """A tracking URI of a kind MLflow knows; nothing is opened.

    Args:
        uri: As it was given.
        place: Where.

    Raises:
        UsageError: no store of MLflow begins so, or it is a folder.

    >>> check_uri("sqlite:///mlflow.db")
    'sqlite:///mlflow.db'
    """
    from importlib.metadata import entry_points

    scheme, found, _ = uri.partition(":")
    known = {*STORES, *(e.name for e in entry_points(group="mlflow.tracking_store"))}
    if not uri.strip() or (found and scheme.partition("+")[0] not in known):
        raise UsageError(f"{place} {uri!r}: no store of MLflow begins so{did_you_mean(scheme, known)}")
    allowed = os.environ.get("MLFLOW_ALLOW_FILE_STORE", "").lower() in ("1", "true")
    if not allowed and (scheme == "file" or not (found or scheme in known)):
        meant = f"sqlite:///{re.sub('^file:(//)?', '', uri)}" if uri.endswith(".db") else DEFAULT_URI
        raise UsageError(f"{place} {uri!r}: MLflow no longer writes runs into folders; a database is {meant!r}")
    return uri


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
