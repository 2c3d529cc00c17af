"""From the word a user gives for a model to a bundle's folder; no model is loaded here, so nobody's code runs."""

from __future__ import annotations

import difflib
import hashlib
import re
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lstm_automl.errors import LstmAutomlError, UsageError, as_typed
from lstm_automl.tracking import served
from lstm_automl.tracking.client import connect, is_absent, quiet
from lstm_automl.tracking.client import resolve as resolve_uri
from lstm_automl.tracking.database import path_of
from lstm_automl.tracking.names import check_name
from lstm_automl.tracking.patience import impatient

_URI = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[\w.-]+)|/(?P<version>[0-9]+))\Z")


@impatient(seconds=20, retries=1)
def resolve(model: str, home: str | Path = "searches", uri: str | None = None) -> Path:
    """The bundle that ``model`` means.

    Args:
        model: ``models:/NAME@ALIAS``, ``models:/NAME/VERSION``, a bundle's folder, or the NAME of a search in
            ``home``, in this order.
        home: Where searches are.
        uri: Tracking URI; None = the default.

    Raises:
        UsageError: it means none.
    """
    if model.startswith("models:"):
        return _registered(model, Path(home), uri)
    folder = Path(model)
    for bundle in (folder, folder / "bundle", Path(home) / model / "bundle"):
        if model and (bundle / "bundle.json").is_file():
            return bundle
    if model and (Path(home) / model).is_dir():
        raise UsageError(f"the search {model!r} has no model yet: 'lstm-automl resume {as_typed(model)}' finishes it")
    there = [p.parent.name for p in Path(home).glob("*/bundle")]
    near = difflib.get_close_matches(model, there, n=1)
    raise UsageError(
        f"no model {model!r}{f'; did you mean {near[0]!r}?' if near else ''}: "
        "give models:/NAME@champion, models:/NAME/VERSION, a bundle folder, "
        f"or the name of a search in {home}"
    )


def _registered(model: str, home: Path, uri: str | None) -> Path:
    match = _URI.match(model)
    if match is None:
        raise UsageError(f"model {model!r}: write models:/NAME@ALIAS or models:/NAME/VERSION")
    name = check_name(match["name"], "model name")
    database = path_of(resolve_uri(uri))
    if database is not None and not database.exists():  # asking would make it
        raise UsageError(f"no model {model!r}: there is no MLflow database {database}; give --tracking-uri")
    from mlflow.exceptions import MlflowException

    client = connect(uri)
    try:
        if match["alias"]:
            version = client.get_model_version_by_alias(name, match["alias"])
        else:
            version = client.get_model_version(name, match["version"])
        where = client.get_model_version_download_uri(name, version.version)
    except MlflowException as error:
        if not is_absent(error):
            raise LstmAutomlError(f"MLflow cannot be asked: {error.message.splitlines()[0]}") from error
        raise UsageError(f"no model {model!r} ({error.message.splitlines()[0]})") from None
    found = served.bundle_in(_local(where, home / ".models", uri))
    if found is None:
        raise UsageError(f"model {model!r} was not made by lstm-automl: it holds no bundle")
    return found


def _local(where: str, cache: Path, uri: str | None) -> Path:
    """The stored model's folder on this machine; fetched once where it lies on a server."""
    parts = urlsplit(where)
    if parts.scheme in ("", "file"):
        return Path(unquote(parts.path) if parts.scheme else where)
    quiet()
    from mlflow.artifacts import download_artifacts

    address = f"{resolve_uri(uri)} {where}"
    kept = cache / hashlib.sha256(address.encode()).hexdigest()[:16]
    if kept.is_dir():
        return kept
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            made = download_artifacts(artifact_uri=where, tracking_uri=resolve_uri(uri), dst_path=folder)
            # whole when it gets its name
            Path(made).rename(kept)
    except Exception as error:
        raise LstmAutomlError(f"the model at {where} cannot be fetched: {error}") from error
    return kept
