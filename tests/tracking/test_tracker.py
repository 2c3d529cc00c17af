"""What MLflow shows of a search, whatever happened on the way."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from recorded import Script, history, runs_of, until

from lstm_automl.errors import LockedError
from lstm_automl.search.lock import SearchLock
from lstm_automl.tracking import client as door
from lstm_automl.tracking.cursor import Cursor
from lstm_automl.tracking.tracker import Tracker, outcome, sync

RESULT = {
    "best": {"number": 1, "score": 0.9},
    "test": {"accuracy": 0.8},
    "baselines": {"majority": {"accuracy": 0.3}},
    "model_uri": "models:/demo@champion",
}


def test_a_search_as_mlflow_shows_it(script: Script, uri: str) -> None:
    script.trial(0, [0.5, 0.6], units=8)
    script.trial(1, [0.7, 0.9], units=16)
    bad = script.begin(2)[0]
    script.epoch(bad, 0, None, loss=math.nan)
    script.end(bad, None, "diverged", "loss is not finite")
    report = script.directory / "report"
    report.mkdir()
    (report / "leaderboard.md").write_text("| trial |")
    tracker = Tracker(script.directory, uri, "demo", poll=0.05)
    tracker.start()
    tracker.finish(RESULT)
    assert tracker.close(300)

    runs = runs_of(uri)
    assert sorted(runs) == ["0", "1", "2", "parent"]
    parent, best = runs["parent"], runs["1"]
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["test_accuracy"] == 0.8
    assert parent.data.metrics["baseline_majority_accuracy"] == 0.3
    assert parent.data.tags["lstm_automl.model_uri"] == "models:/demo@champion"
    assert parent.data.params["oracle"] == "random"
    assert history(uri, parent, "best_objective") == [(0, 0.6), (1, 0.9), (2, 0.9)]
    assert best.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert best.data.tags["lstm_automl.data_digest"] == "d1"
    assert best.data.params == {"units": "16", "learning_rate": "0.01", "log10_learning_rate": "-2.0"}
    assert history(uri, best, "accuracy") == [(0, 0.7), (1, 0.9)]
    assert history(uri, best, "val_loss") == [(0, 0.5), (1, 0.5)]
    assert best.data.metrics["objective"] == 0.9
    assert [runs[k].info.status for k in "012"] == ["FINISHED", "FINISHED", "FAILED"]
    assert runs["2"].data.tags["lstm_automl.error"] == "loss is not finite"
    assert "loss" not in runs["2"].data.metrics
    client = door.connect(uri)
    assert [a.path for a in client.list_artifacts(parent.info.run_id)] == ["leaderboard.md"]
    # the point carries the time of the store, so that sending it again is the same point
    job = script.store.jobs[1]
    assert job.ended is not None
    point = client.get_metric_history(best.info.run_id, "objective")[0]
    assert point.timestamp == round(job.ended * 1000)


def test_an_epoch_is_shown_while_its_trial_runs(script: Script, uri: str) -> None:
    tracker = Tracker(script.directory, uri, "demo")
    tracker.start()
    job = script.begin(0)[0]
    script.epoch(job, 0, 0.5)
    until(lambda: door.connect(uri).get_experiment_by_name("demo") is not None)
    until(lambda: "0" in runs_of(uri) and "accuracy" in runs_of(uri)["0"].data.metrics)
    script.epoch(job, 1, 0.6)
    until(lambda: history(uri, runs_of(uri)["0"], "accuracy")[-1] == (1, 0.6))
    assert runs_of(uri)["0"].info.status == "RUNNING"
    assert tracker.close(300)
    assert {run.info.status for run in runs_of(uri).values()} == {"KILLED"}


def test_the_mean_over_folds_waits_for_the_last_fold(tmp_path: Path, uri: str) -> None:
    script = Script(tmp_path / "demo", folds=3)
    a, b, c = script.begin(0)
    script.epoch(c, 0, 0.9)
    script.epoch(a, 0, 0.3)
    sync(script.directory, uri)
    run = runs_of(uri)["0"]
    assert "accuracy" not in run.data.metrics
    assert run.data.metrics["accuracy_fold2"] == 0.9
    # by another process: the two folds sent before still count
    script.epoch(b, 0, 0.6)
    sync(script.directory, uri)
    assert history(uri, runs_of(uri)["0"], "accuracy") == [(0, pytest.approx(0.6))]
    script.store.close()


def test_other_seeds_and_the_refit_stand_beside_the_trials_curve(script: Script, uri: str) -> None:
    script.trial(0, [0.5, 0.6])
    seed, refit = script.rerun(0, "seed", seed=1), script.rerun(0, "refit")
    script.epoch(seed, 0, 0.4)
    script.epoch(refit, 0, None, loss=0.2)
    sync(script.directory, uri)
    run = runs_of(uri)["0"]
    assert history(uri, run, "accuracy") == [(0, 0.5), (1, 0.6)]
    assert run.data.metrics["accuracy_seed1"] == 0.4
    assert run.data.metrics["loss_refit0"] == 0.2
    assert run.info.status == "FINISHED"


def test_a_killed_search_is_closed_by_sync_and_opened_by_resume(script: Script, uri: str) -> None:
    tracker = Tracker(script.directory, uri, "demo", poll=0.05)
    tracker.start()
    job = script.begin(0)[0]
    script.epoch(job, 0, 0.5)
    until(lambda: bool(door.connect(uri).get_experiment_by_name("demo")) and "0" in runs_of(uri))
    # as a kill leaves it: the thread is gone, the runs are open
    tracker._abandoned.set()
    tracker._wake.set()
    tracker._thread.join(300)
    assert runs_of(uri)["parent"].info.status == "RUNNING"
    sync(script.directory, uri)
    assert {run.info.status for run in runs_of(uri).values()} == {"KILLED"}
    resumed = Tracker(script.directory, uri, "demo", poll=0.05)
    resumed.start()
    until(lambda: {run.info.status for run in runs_of(uri).values()} == {"RUNNING"})
    script.epoch(job, 1, 0.6)
    script.end(job, 0.6)
    resumed.finish({})
    assert resumed.close(300)
    runs = runs_of(uri)
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert history(uri, runs["0"], "accuracy") == [(0, 0.5), (1, 0.6)]


def test_a_trial_that_goes_on_is_one_run_and_the_best_follows(script: Script, uri: str) -> None:
    script.trial(0, [0.5, 0.6])
    script.trial(1, [0.7, 0.8])
    sync(script.directory, uri)
    first = script.store.jobs[1].spec
    script.store.add([replace(first, job=2, from_epoch=4, to_epoch=8)])
    script.store.begin(2)
    script.epoch(2, 4, 0.9)
    sync(script.directory, uri)
    assert runs_of(uri)["1"].info.status == "RUNNING"
    script.end(2, 0.9)
    sync(script.directory, uri)
    runs = runs_of(uri)
    assert sorted(runs) == ["0", "1", "parent"]
    assert runs["1"].info.status == "FINISHED"
    assert history(uri, runs["1"], "accuracy") == [(0, 0.7), (1, 0.8), (4, 0.9)]
    assert runs["1"].data.metrics["objective"] == 0.9
    assert history(uri, runs["parent"], "best_objective") == [(0, 0.6), (1, 0.8), (2, 0.9)]


def test_a_trial_that_diverged_after_a_promotion_is_behind_every_score(script: Script, uri: str) -> None:
    script.trial(0, [0.5, 0.6])
    script.trial(1, [0.7, 0.9])
    sync(script.directory, uri)
    (promoted,) = script.promote(1)
    script.end(promoted, None, "diverged", "loss is not finite")
    sync(script.directory, uri)
    run = runs_of(uri)["1"]
    assert run.info.status == "FAILED"
    assert math.isnan(run.data.metrics["objective"])
    client = door.connect(uri)
    for order in ("ASC", "DESC"):
        found = client.search_runs(
            [run.info.experiment_id],
            "tags.`lstm_automl.trial` != ''",
            order_by=[f"metrics.`objective` {order}"],
        )
        assert [r.data.tags["lstm_automl.trial"] for r in found] == ["0", "1"]
    (script.directory / "tracking.db").unlink()
    sync(script.directory, uri)
    assert len(history(uri, run, "objective")) == 2


@pytest.mark.parametrize("how", ["cut", "stopped"])
def test_a_trial_cut_under_promotion_counts_once_the_search_is_finished(script: Script, uri: str, how: str) -> None:
    script.trial(0, [0.5, 0.6])
    script.trial(1, [0.7, 0.9])
    (promoted,) = script.promote(1)
    tracker = Tracker(script.directory, uri, "demo", poll=0.05)
    tracker.start()
    until(lambda: bool(door.connect(uri).get_experiment_by_name("demo")) and "1" in runs_of(uri))
    if how == "stopped":
        script.end(promoted, None, "stopped")
        until(lambda: runs_of(uri)["1"].info.status == "KILLED")
        assert runs_of(uri)["1"].data.tags["lstm_automl.best_epoch"] == "1"
    tracker.finish(RESULT)
    assert tracker.close(300)
    for _ in range(2):
        run = runs_of(uri)["1"]
        assert run.info.status == "FINISHED"
        assert run.data.tags["lstm_automl.status"] == "completed"
        assert run.data.tags["lstm_automl.best_epoch"] == "1"
        assert history(uri, run, "objective") == [(0, 0.9)]
        # asked again, the search is still finished
        sync(script.directory, uri)


def test_a_killed_trial_stays_killed_however_often_it_is_sent(script: Script, uri: str) -> None:
    script.epoch(script.begin(0)[0], 0, 0.5)
    for _ in range(2):
        sync(script.directory, uri)
        assert runs_of(uri)["0"].info.status == "KILLED"


@pytest.mark.parametrize("lost", ["tracking.db", "nothing"])
def test_what_is_sent_twice_is_there_once(script: Script, uri: str, lost: str) -> None:
    script.trial(0, [0.5, 0.6])
    script.trial(1, [0.7, 0.9])
    sync(script.directory, uri)
    if lost != "nothing":
        (script.directory / lost).unlink()
    sync(script.directory, uri)
    runs = runs_of(uri)
    assert sorted(runs) == ["0", "1", "parent"]
    assert history(uri, runs["1"], "accuracy") == [(0, 0.7), (1, 0.9)]
    assert history(uri, runs["1"], "objective") == [(0, 0.9)]
    assert history(uri, runs["parent"], "best_objective") == [(0, 0.6), (1, 0.9)]


def test_a_new_database_at_the_same_place_gets_everything(
    script: Script, uri: str, template: Path, tmp_path: Path
) -> None:
    script.trial(0, [0.5, 0.6])
    sync(script.directory, uri)
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore._engine_map[uri].dispose()
    shutil.copyfile(template, tmp_path / "mlflow.db")
    sync(script.directory, uri)
    assert history(uri, runs_of(uri)["0"], "accuracy") == [(0, 0.5), (1, 0.6)]


def test_sync_of_a_running_search_is_refused(script: Script, uri: str) -> None:
    with SearchLock(script.directory), pytest.raises(LockedError, match="another driver"):
        sync(script.directory, uri)
    with Cursor(script.directory, uri), pytest.raises(LockedError, match="sending"):
        Cursor(script.directory, uri, timeout=0.1)


def test_two_searches_of_one_name_are_two_parents_of_one_experiment(tmp_path: Path, uri: str) -> None:
    for home in ("a", "b"):
        script = Script(tmp_path / home / "demo")
        script.trial(0, [0.5])
        sync(script.directory, uri)
        script.store.close()
    client = door.connect(uri)
    experiment = client.get_experiment_by_name("demo")
    names = [run.info.run_name for run in client.search_runs([experiment.experiment_id])]
    assert sorted(names) == ["demo", "demo", "trial 0", "trial 0"]


def test_a_search_that_was_cut_off_says_so() -> None:
    cut = {"trials": 1, "epochs": 3, "to_epoch": 12, "folds": 4, "of": 5}

    def tag(cut_off: object) -> str:
        told = json.loads(outcome("FINISHED", {"best": {"number": 0}, "cut_off": cut_off}))
        return str(told["tags"]["lstm_automl.cut_off"])

    assert "3 epochs on 4 of 5 folds" in tag(cut)
    assert tag(None) == "no"
