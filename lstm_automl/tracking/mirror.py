"""Brings MLflow to what the store says, a batch at a time; may be cut off anywhere and be started again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lstm_automl.search.contracts import TrialRow
from lstm_automl.search.pieces import settled
from lstm_automl.search.rows import EpochRow, JobRow
from lstm_automl.tracking import client as mlflow_client
from lstm_automl.tracking.cursor import Cursor
from lstm_automl.tracking.database import artifacts_of
from lstm_automl.tracking.follower import Follower
from lstm_automl.tracking.points import MLFLOW_STATUS, Curves, Point, best_so_far, parameters
from lstm_automl.tracking.runs import Runs

_BATCH = 1000  # MLflow's limit of metrics in one call
_RUNNING, _KILLED = "running", "killed"


class Mirror:
    """One search, as MLflow shows it. After an error it is thrown away and made anew.

    Args:
        directory: The search directory.
        uri: Tracking URI.
        name: Experiment.
        cursor: What has been sent; owned by the caller.
    """

    def __init__(self, directory: Path, uri: str, name: str, cursor: Cursor) -> None:
        self._directory, self._cursor, self._outcome = directory, cursor, cursor.get("outcome")
        self._client = mlflow_client.connect(uri)
        self._store = Follower(directory)
        try:
            self._meta = self._store.meta
            self._runs = Runs(self._client, name, self._meta, artifacts_of(uri))
            if cursor.get("parent") not in ("", self._runs.found("parent")):
                cursor.clear()  # another database at the same place: everything is sent again
            self._curves = Curves(int(self._meta["folds"]), str(self._meta["metric"]))
            self._sent = cursor.epochs()
        except BaseException:
            self._store.close()
            raise

    def step(self) -> None:
        """Send what is new."""
        self._outcome = self._cursor.get("outcome")
        self._open()
        epochs, changed = self._store.look()
        self._epochs(epochs)
        for trial in changed:
            self._trial(trial)
        if changed:
            self._best()
        self._close()

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def _open(self) -> None:
        if not self._cursor.get("parent"):
            parent = self._runs.parent()
            self._log(parent, params=self._runs.parameters())
            self._cursor.put(parent=parent, experiment=self._runs.experiment)
        elif self._cursor.get("closed") and not self._outcome:
            self._client.update_run(self._runs.parent(), status="RUNNING")
            self._cursor.put(closed="")

    def _epochs(self, rows: Sequence[EpochRow]) -> None:
        points: dict[int, list[Point]] = {}
        new: list[tuple[int, int]] = []
        for row in rows:
            spec = self._store.jobs[row.job].spec
            # also of what was sent: the mean over folds needs it
            fresh = list(self._curves.add(spec, row.epoch, row.time))
            if (row.job, row.epoch.epoch) not in self._sent:
                points.setdefault(spec.trial, []).extend(fresh)
                new.append((row.job, row.epoch.epoch))
        for trial, fresh in points.items():
            self._log(self._child(trial), fresh)
        if new:
            self._cursor.add_epochs(new)
            self._sent.update(new)

    def _child(self, trial: int) -> str:
        first = self._store.of_trial(trial)[0]
        run = self._runs.child(trial, first.started or float(self._meta["created"]))
        if not self._cursor.get(f"trial_{trial}"):
            self._log(run, params=parameters(first.spec.values))
            self._cursor.put(**{f"trial_{trial}": _RUNNING})
        return run

    def _trial(self, trial: int) -> None:
        jobs = self._store.of_trial(trial)
        if not any(job.started for job in jobs):
            return
        row, status, open_ = self._standing(trial, jobs)
        state = _RUNNING if open_ else f"{status} {row.score} {row.best_epoch}"
        before = self._cursor.get(f"trial_{trial}")
        if state == before or (open_ and before == _KILLED and self._outcome):
            return
        run = self._child(trial)
        if not open_:
            # of the rungs that count, so that sending it again is the same point
            ended = _time_ms(max(job.ended or 0.0 for job in jobs if job.spec.to_epoch <= row.to_epoch))
            self._log(run, _result(row, ended), tags=_result_tags(row, status, jobs))
            self._client.set_terminated(run, MLFLOW_STATUS[status], end_time=ended)
        elif before:
            self._client.update_run(run, status="RUNNING")
        self._cursor.put(**{f"trial_{trial}": state})

    def _standing(self, trial: int, jobs: Sequence[JobRow]) -> tuple[TrialRow, str, bool]:
        """A trial's row, its status to MLflow, and whether it is open.

        A rung that was cut off takes nothing from the rungs before it; once the search is finished it is as if it
        had never begun, as in the leaderboard.
        """
        row = self._store.row(trial)
        counts = settled(row, self._meta["direction"])
        if counts is not row and self._finished:
            return counts, counts.status, False
        open_ = row.status == "running" or any(job.ended is None for job in jobs)
        return (row if open_ else counts), row.status, open_

    @property
    def _finished(self) -> bool:
        return bool(self._outcome) and json.loads(self._outcome)["status"] == "FINISHED"

    def _best(self) -> None:
        sent = int(self._cursor.get("best", "-1"))
        points = []
        rungs = list(self._store.finished_rungs())
        for number, best in best_so_far([score for score, _ in rungs], str(self._meta["direction"])):
            if number > sent:
                points.append(Point(0, "best_objective", best, number, _time_ms(rungs[number][1])))
        if points:
            self._log(self._runs.parent(), points)
            self._cursor.put(best=points[-1].step)

    def _close(self) -> None:
        outcome = self._outcome
        if not outcome or outcome == self._cursor.get("closed"):
            return
        told = json.loads(outcome)
        for row in self._store.table:
            if self._finished:
                # cut off earlier in the search, when it could still have gone on
                self._trial(row.number)
            if self._cursor.get(f"trial_{row.number}") == _RUNNING:
                self._client.set_terminated(self._runs.child(row.number, 0), "KILLED", end_time=told["time_ms"])
                self._cursor.put(**{f"trial_{row.number}": _KILLED})
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
    score = row.score
    if score is None and any(earlier is not None for _, earlier in row.rungs):
        # MLflow cannot forget the score of an earlier rung; sorted either way, NaN stands behind every number
        score = math.nan
    # always the same step: MLflow then draws one bar a trial
    return [] if score is None else [Point(row.number, "objective", score, 0, time_ms)]


def _result_tags(row: TrialRow, status: str, jobs: Sequence[JobRow]) -> dict[str, str]:
    tags: dict[str, Any] = {"lstm_automl.status": status, "lstm_automl.best_epoch": row.best_epoch}
    errors = [job.result.error for job in jobs if job.result is not None and job.result.error]
    if errors:
        tags["lstm_automl.error"] = errors[-1][:4000]
    return {key: str(value) for key, value in tags.items()}
