"""The experiment, the parent run and the child runs of one search: found by their tags, made only when absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

SEARCH_ID = "lstm_automl.search_id"
TRIAL = "lstm_automl.trial"
PARENT = "mlflow.parentRunId"
_SEARCH_PARAMETERS = ("oracle", "scheduler", "metric", "direction", "seed", "concurrency", "folds", "patience")


class Runs:
    """Finds or makes the runs of a search.

    Args:
        client: Where to.
        name: The experiment.
        meta: The store's facts about the search.
        artifacts: Artifact location of a new experiment; None = the server's choice.
    """

    def __init__(self, client: MlflowClient, name: str, meta: Mapping[str, Any], artifacts: str | None) -> None:
        self._client, self._name, self._meta = client, name, meta
        self.experiment = self._experiment(artifacts)
        self._found = self._search()

    def found(self, key: str) -> str | None:
        """Id of ``"parent"`` or of a trial's run, if it exists."""
        return self._found.get(key)

    def parent(self) -> str:
        """Id of the parent run, made when absent."""
        if "parent" not in self._found:
            run = self._client.create_run(
                self.experiment,
                start_time=round(float(self._meta["created"]) * 1000),
                tags=self._tags(),
                run_name=self._name,
            )
            self._found["parent"] = run.info.run_id
        return self._found["parent"]

    def child(self, trial: int, started: float) -> str:
        """Id of a trial's run, made when absent."""
        key = str(trial)
        if key not in self._found:
            tags = {**self._tags(), TRIAL: key, PARENT: self.parent()}
            run = self._client.create_run(
                self.experiment, start_time=round(started * 1000), tags=tags, run_name=f"trial {trial}"
            )
            self._found[key] = run.info.run_id
        return self._found[key]

    def parameters(self) -> dict[str, str]:
        """Parameters of the parent: how the search was made."""
        meta = self._meta
        return {key: str(meta[key]) for key in _SEARCH_PARAMETERS if meta.get(key) is not None}

    def _experiment(self, artifacts: str | None) -> str:
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(self._name)
        if found is None:
            try:
                return str(self._client.create_experiment(self._name, artifact_location=_location(artifacts)))
            except MlflowException:
                # made by another process in between
                found = self._client.get_experiment_by_name(self._name)
                if found is None:
                    raise
        if found.lifecycle_stage == "deleted":
            self._client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _search(self) -> dict[str, str]:
        wanted = f"tags.`{SEARCH_ID}` = '{self._meta['search_id']}'"
        found: dict[str, str] = {}
        token = None
        while True:
            page = self._client.search_runs(
                [self.experiment], wanted, max_results=500, order_by=["start_time DESC"], page_token=token
            )
            for run in page:
                # the oldest wins: a request that timed out may have made a run all the same
                found[run.data.tags.get(TRIAL, "parent")] = run.info.run_id
            token = page.token
            if not token:
                return found

    def _tags(self) -> dict[str, str]:
        meta = self._meta
        return {
            SEARCH_ID: str(meta["search_id"]),
            "lstm_automl.task": str(meta.get("task", "")),
            "lstm_automl.data_digest": str(meta.get("data_digest", "")),
            "mlflow.source.name": "lstm-automl",
            "mlflow.source.type": "LOCAL",
        }


def _location(artifacts: str | None) -> str | None:
    import uuid

    return None if artifacts is None else f"{artifacts}/{uuid.uuid4().hex[:12]}"
