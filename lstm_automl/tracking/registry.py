"""The model registry: a bundle becomes a registered, servable model version."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_automl.errors import LstmAutomlError, UsageError
from lstm_automl.tracking import served
from lstm_automl.tracking.client import connect, is_absent
from lstm_automl.tracking.client import resolve as resolve_uri
from lstm_automl.tracking.cursor import is_sending
from lstm_automl.tracking.database import artifacts_of
from lstm_automl.tracking.names import check_name
from lstm_automl.tracking.patience import impatient
from lstm_automl.tracking.runs import SEARCH_ID, Runs

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

CHAMPION = "champion"
_DIGEST, _BUNDLE, _METRICS = "lstm_automl.data_digest", "lstm_automl.bundle", "lstm_automl.test"


@dataclass(frozen=True)
class Registered:
    """A model version.

    Args:
        model_uri: ``models:/NAME@champion`` where the alias points at it, else ``models:/NAME/VERSION``.
        version: From 1.
        notes: What a user should be told.
    """

    model_uri: str
    version: int
    notes: tuple[str, ...] = ()


def register(
    bundle: Path,
    directory: Path,
    uri: str | None,
    name: str,
    *,
    alias: str = CHAMPION,
    timeout: float | None = None,
) -> Registered:
    """Log a bundle as a pyfunc model of its search and register it; a bundle registered before stays one version.

    The alias moves to it where no version has it, or where that one was trained on the same data and is not
    better on the test part. Otherwise it stays, and the notes say so: a new look at a test part is nobody's
    but the user's to take (``promote``).

    Args:
        bundle: Folder of the model.
        directory: The search it comes from.
        uri: Tracking URI; None = the default.
        name: Registered name.
        alias: Name of the best version.
        timeout: Seconds to wait for a server, all its answers together; None = 20 for each, asked twice.

    Raises:
        UsageError: a name that cannot be registered.
        LstmAutomlError: the time is over; or an error of MLflow's own.
    """
    check_name(name, "model name")
    with impatient(seconds=20, retries=1, within=timeout):
        return _register(bundle, directory, uri, name, alias, timeout)


def _register(
    bundle: Path, directory: Path, uri: str | None, name: str, alias: str, timeout: float | None
) -> Registered:
    from lstm_automl.search.view import StoreView

    with StoreView(directory) as view:
        meta = view.meta()
    facts = served.facts(bundle, meta)
    client = connect(uri)
    version = _known(client, name, facts.digest)
    if version is None:
        model = _upload(client, _runs(client, directory, meta, resolve_uri(uri), timeout), bundle, directory, facts)
        version = _add_version(client, name, model, {SEARCH_ID: str(meta["search_id"])}, facts)
    notes = _crown(client, name, version, facts, alias)
    where = f"{name}/{version}" if notes else f"{name}@{alias}"
    return Registered(f"models:/{where}", version, notes)


@impatient(seconds=20, retries=1)
def promote(name: str, version: int | str, uri: str | None = None, *, alias: str = CHAMPION) -> str:
    """Let the alias point at a version, whatever the scores; returns what was done, in words.

    Args:
        name: Registered name.
        version: From 1.
        uri: Tracking URI; None = the default.
        alias: What is to point there.

    Raises:
        UsageError: there is no such version.
    """
    from mlflow.exceptions import MlflowException

    check_name(name, "model name")
    client = connect(uri)
    try:
        client.get_model_version(name, str(version))
        before = _holder(client, name, alias)
        client.set_registered_model_alias(name, alias, str(version))
    except MlflowException as error:
        if not is_absent(error):
            raise LstmAutomlError(f"MLflow cannot be asked: {error.message.splitlines()[0]}") from error
        raise UsageError(f"no version {version} of model {name!r} ({error.message.splitlines()[0]})") from None
    was = f", was version {before.version}" if before is not None else ""
    return f"models:/{name}@{alias} is version {version}{was}"


def _runs(client: MlflowClient, directory: Path, meta: Mapping[str, Any], uri: str, timeout: float | None) -> Runs:
    """The search's runs; the parent is left to a tracker at work, so that there are not two."""
    for _ in range(20 if timeout is None else max(1, min(20, int(timeout)))):
        runs = Runs(client, directory.name, meta, artifacts_of(uri))
        if runs.found("parent") or not is_sending(directory):
            break
        time.sleep(0.5)
    return runs


def _known(client: MlflowClient, name: str, digest: str) -> int | None:
    versions = client.search_model_versions(f"tags.`{_BUNDLE}` = '{digest}'")
    found = [int(v.version) for v in versions if v.name == name and v.status == "READY"]
    return min(found, default=None)


def _upload(client: MlflowClient, runs: Runs, bundle: Path, directory: Path, facts: served.Facts) -> LoggedModel:
    """The stored model, of the parent run."""
    parent = runs.parent()
    model = client.create_logged_model(
        runs.experiment, name="model", source_run_id=parent, tags={_DIGEST: facts.data_digest}
    )
    with tempfile.TemporaryDirectory() as folder:
        made = served.save(bundle, Path(folder) / "model", served.example_row(directory), model.model_id, parent)
        client.log_model_artifacts(model.model_id, str(made))
    return client.finalize_logged_model(model.model_id, "READY")


def _add_version(client: MlflowClient, name: str, model: LoggedModel, tags: dict[str, str], facts: served.Facts) -> int:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name, description=f"{facts.task} by lstm_automl")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    about = {
        _BUNDLE: facts.digest,
        _DIGEST: facts.data_digest,
        _METRICS: json.dumps(dict(facts.metrics), sort_keys=True),
        "lstm_automl.task": facts.task,
    }
    # a local registry would look "models:/ID" up in the process-wide tracking URI; a server knows only that form
    local = model.artifact_location.startswith(("file:", "/"))
    version = client.create_model_version(
        name,
        model.artifact_location if local else f"models:/{model.model_id}",
        run_id=model.source_run_id,
        tags={**tags, **about},
        description=facts.describe(),
        model_id=model.model_id,
    )
    return int(version.version)


def _crown(client: MlflowClient, name: str, version: int, facts: served.Facts, alias: str) -> tuple[str, ...]:
    holder = _holder(client, name, alias)
    if holder is not None and int(holder.version) == version:
        return ()
    if holder is not None:
        reason = _keeps(holder.tags or {}, facts)
        if reason:
            return (
                f"version {version} of {name} is registered; version {holder.version} stays {alias}: {reason} "
                f"('lstm-automl promote {name} {version}' changes that)",
            )
    client.set_registered_model_alias(name, alias, str(version))
    return ()


def _keeps(tags: Mapping[str, str], facts: served.Facts) -> str:
    """Why the holder of the alias keeps it; empty if it does not."""
    if tags.get(_DIGEST) != facts.data_digest:
        return "it was trained on other data, so that their scores do not compare"
    try:
        before = float(served.read_json(tags.get(_METRICS))[facts.metric])
        after = float(facts.metrics[facts.metric])
    except (KeyError, ValueError, TypeError):
        return ""
    better = before > after if facts.direction == "max" else before < after
    return f"its {facts.metric} is {before:.6g}, the new one's {after:.6g}" if better else ""


def _holder(client: MlflowClient, name: str, alias: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(name, alias)
    except MlflowException as error:
        if not is_absent(error):
            raise
        return None
