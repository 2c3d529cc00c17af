"""Brings MLflow to what the store says, a batch at a time; may be cut off anywhere and be started again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lstm_automl.search.contracts import TrialRow
from lstm_automl.search.view import JobRow, StoreView
from lstm_automl.tracking import client as mlflow_client
from lstm_automl.tracking.cursor import Cursor
from lstm_automl.tracking.database import artifacts_of
from lstm_automl.tracking.points import MLFLOW_STATUS, Curves, Point, best_so_far, parameters
from lstm_automl.tracking.runs import Runs

_BATCH = 1000  # MLflow's limit of metrics in one call
_RUNNING = "running"


class Mirror:
    """One search, as MLflow shows it. After an error it is thrown away and made anew.

    Args:
        directory: The search directory.
        uri: Tracking URI.
        name: Experiment.
        cursor: What has been sent; owned by the caller.
    """

    def __init__(self, directory: Path, uri: str, name: str, cursor: Cursor) -> None:
        self._directory, self._cursor = directory, cursor
        self._view = StoreView(directory)
        self._meta = self._view.meta()
        self._curves = Curves(int(self._meta.get("folds") or 1))
        self._client = mlflow_client.connect(uri)
        self._runs = Runs(self._client, name, self._meta, artifacts_of(uri))
        self._read = 0
        if cursor.get("parent") not in ("", self._runs.found("parent")):
            cursor.clear()  # another database at the same place: everything is sent again

    def step(self) -> None:
        """Send what is new."""
        self._open()
        jobs = {job.spec.job: job for job in self._view.jobs()}
        self._epochs(jobs)
        table = self._view.table()
        for row in table:
            self._trial(row, [job for job in jobs.values() if job.spec.trial == row.number])
        self._best(table, jobs)
        self._close(table)

    def _open(self) -> None:
        if not self._cursor.get("parent"):
            parent = self._runs.parent()
            self._log(parent, params=self._runs.parameters())
            self._cursor.put(parent=parent, experiment=self._runs.experiment)
        elif self._cursor.get("closed") and not self._cursor.get("outcome"):
            self._client.update_run(self._runs.parent(), status="RUNNING")
            self._cursor.put(closed="")

    def _epochs(self, jobs: Mapping[int, JobRow]) -> None:
        # from the first row on: the mean over folds needs the epochs sent before
        sent = int(self._cursor.get("epochs", "0"))
        points: dict[int, list[Point]] = {}
        for row in self._view.epochs(self._read):
            if row.job not in jobs:
                break  # its job was stored after we read the jobs: next time
            fresh = list(self._curves.add(jobs[row.job].spec, row.epoch, row.time))
            self._read = row.rowid
            if row.rowid > sent:
                points.setdefault(jobs[row.job].spec.trial, []).extend(fresh)
        for trial, fresh in points.items():
            self._log(self._child(trial, jobs), fresh)
        if self._read > sent:
            self._cursor.put(epochs=self._read)

    def _child(self, trial: int, jobs: Mapping[int, JobRow]) -> str:
        first = min((job for job in jobs.values() if job.spec.trial == trial), key=lambda job: job.spec.job)
        run = self._runs.child(trial, first.started or float(self._meta["created"]))
        if not self._cursor.get(f"trial_{trial}"):
            self._log(run, params=parameters(first.spec.values))
            self._cursor.put(**{f"trial_{trial}": _RUNNING})
        return run

    def _trial(self, row: TrialRow, jobs: Sequence[JobRow]) -> None:
        if not jobs:
            return
        state = _RUNNING if row.status == _RUNNING else f"{row.status} {row.score} {row.best_epoch}"
        before = self._cursor.get(f"trial_{row.number}")
        if state == before:
            return
        run = self._child(row.number, {job.spec.job: job for job in jobs})
        if state == _RUNNING:
            if before:
                self._client.update_run(run, status="RUNNING")
        else:
            ended = _time_ms(max(job.ended or job.started or 0.0 for job in jobs))
            self._log(run, _result(row, ended), tags=_result_tags(row, jobs))
            self._client.set_terminated(run, MLFLOW_STATUS[row.status], end_time=ended)
        self._cursor.put(**{f"trial_{row.number}": state})

    def _best(self, table: Sequence[TrialRow], jobs: Mapping[int, JobRow]) -> None:
        sent = int(self._cursor.get("best", "-1"))
        ended = {job.spec.trial: job.ended or 0.0 for job in jobs.values() if job.spec.purpose == "search"}
        points = [
            Point(number, "best_objective", best, number, _time_ms(ended[number]))
            for number, best in best_so_far(table, str(self._meta["direction"]))
            if number > sent
        ]
        if points:
            self._log(self._runs.parent(), points)
            self._cursor.put(best=points[-1].trial)

    def _close(self, table: Sequence[TrialRow]) -> None:
        outcome = self._cursor.get("outcome")
        if not outcome or outcome == self._cursor.get("closed"):
            return
        told = json.loads(outcome)
        for row in table:
            if row.status == _RUNNING and self._cursor.get(f"trial_{row.number}") == _RUNNING:
                self._client.set_terminated(self._runs.child(row.number, 0), "KILLED", end_time=told["time_ms"])
                self._cursor.put(**{f"trial_{row.number}": "killed"})
        parent = self._runs.parent()
        points = [Point(0, key, value, 0, told["time_ms"]) for key, value in told["metrics"].items()]
        self._log(parent, points, tags=told["tags"])
        report = self._directory / "report"
        if report.is_dir():
            self._client.log_artifacts(parent, str(report))
        self._client.set_terminated(parent, told["status"], end_time=told["time_ms"])
        self._cursor.put(closed=outcome)

    def _log(
        self,
        run: str,
        points: Sequence[Point] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        from mlflow.entities import Metric, Param, RunTag

        metrics = [Metric(p.key, p.value, p.time_ms, p.step) for p in points]
        items = [Param(key, value) for key, value in (params or {}).items()]
        for start in range(0, len(items), 100):
            self._client.log_batch(run, params=items[start : start + 100])
        for start in range(0, len(metrics), _BATCH):
            self._client.log_batch(run, metrics=metrics[start : start + _BATCH])
        if tags:
            self._client.log_batch(run, tags=[RunTag(key, value) for key, value in tags.items()])


def _time_ms(seconds: float) -> int:
    return round(seconds * 1000)


def _result(row: TrialRow, time_ms: int) -> list[Point]:
    facts = {"objective": row.score, "objective_loss": row.loss}
    step = max(row.best_epoch, 0)
    return [
        Point(row.number, key, value, step, time_ms)
        for key, value in facts.items()
        if value is not None and value - value == 0.0  # finite
    ]


def _result_tags(row: TrialRow, jobs: Sequence[JobRow]) -> dict[str, str]:
    tags: dict[str, Any] = {"lstm_automl.status": row.status, "lstm_automl.best_epoch": row.best_epoch}
    errors = [job.result.error for job in jobs if job.result is not None and job.result.error]
    if errors:
        tags["lstm_automl.error"] = errors[-1][:4000]
    return {key: str(value) for key, value in tags.items()}
