"""The driver: order, retries, budgets, stopping, requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from paced import CLOCK
from paced import RUNNER as PACED

from lstm_automl import plugins
from lstm_automl.errors import StorageError, UsageError
from lstm_automl.search.contracts import NewTrial, Promote, RungResult, RungSpec, TrialRow
from lstm_automl.search.driver import Driver, JobRequest, Limits, Stopped
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.observer import Observer
from lstm_automl.search.oracles import bayesian, keras_tuner
from lstm_automl.search.reading import same
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.testing import dummy
from lstm_automl.testing.dummy import run_twice
from lstm_automl.testing.search import RUNNER, facts, lines, make_driver, run, small_space

META = facts(small_space(), limits=Limits(12, 3).to_json())


@contextmanager
def driver(directory: Path, workers: int = 2, runner: str = RUNNER, **changes: Any) -> Iterator[Driver]:
    """A driver whose rungs run on threads of this process."""
    more = {k: changes.pop(k) for k in ("clock", "cost", "observer") if k in changes}
    with ExitStack() as stack:
        store = stack.enter_context(closing(Store.open_or_create(directory, {**META, **changes})))
        pool = FuturesExecutor(ThreadPoolExecutor(workers), workers, runner=runner)
        stack.enter_context(closing(pool))
        yield make_driver(directory, store, pool, **more)


@pytest.mark.parametrize("folds", [1, 3])
@pytest.mark.parametrize(
    "oracle", [pytest.param(o, marks=[pytest.mark.slow] * (o == "bayesian")) for o in plugins.names("oracle")]
)
def test_any_number_of_workers_makes_the_same_table(
    tmp_path: Path, oracle: str, folds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits, fill = list[int](), keras_tuner.fill
    monkeypatch.setattr(bayesian, "INITIAL", 5)  # of a dozen trials, the last by the Gaussian process
    monkeypatch.setattr(keras_tuner, "fill", lambda o, s, t, d: (fits.append(len(t)), fill(o, s, t, d))[1])
    tables = []
    for workers in (1, 2, 4):
        (tmp_path / str(workers)).mkdir()
        (tmp_path / str(workers) / "dummy.json").write_text('{"nan": [2], "fail": [5]}')
        tables.append(lines(run(tmp_path / str(workers), workers, {**META, "oracle": oracle, "folds": folds})))
    assert tables[0] == tables[1] == tables[2]
    assert len(fits) >= 3 or oracle != "bayesian", "all were random draws"
    rows = [json.loads(line) for line in tables[0]]
    assert [r["number"] for r in rows] == list(range(12))
    assert [r["status"] for r in rows if r["number"] in (2, 5)] == ["diverged", "failed"]


class Spy:
    """A grid that remembers which trials it was shown as finished."""

    name = "grid"
    seen: list[tuple[int, list[int], list[int]]]

    def __init__(self) -> None:
        self.seen = []

    def propose(self, space: Any, seed: int, n: int, table: Any, direction: str) -> dict[str, Any]:
        finished = [t.number for t in table if t.status != "running"]
        self.seen.append((n, finished, [t.number for t in table if t.status == "running"]))
        return {**small_space().defaults(), "learning_rate": 0.001 + n / 1e5}


@pytest.mark.parametrize(
    ("concurrency", "folds", "visible"),
    [
        (1, 1, lambda n: n),
        (4, 1, lambda n: n - 3),
        (2, 3, lambda n: n - 1),
        (4, 2, lambda n: n - 2),
        (3, 2, lambda n: n - 1),
    ],
)
def test_decision_k_sees_jobs_up_to_k_minus_c(tmp_path: Path, concurrency: int, folds: int, visible: Any) -> None:
    with driver(tmp_path, workers=4, concurrency=concurrency, folds=folds, cost=same) as made:
        made._decider._oracle = spy = Spy()
        made.search()
    for n, finished, running in spy.seen:
        first_job = n * folds
        readable = first_job - concurrency  # the last job that may be read
        assert finished == [t for t in range(n) if (t + 1) * folds - 1 <= readable]
        assert len(finished) == max(0, visible(n))
        assert finished + running == list(range(n))
    assert len(spy.seen) == 12


LAST = threading.Event()


def first_waits_for_last(spec: RungSpec, on_epoch: Any) -> RungResult:
    if spec.job == 11:
        LAST.set()
    if spec.job == 0:
        assert LAST.wait(300), "the last trial was not begun while the first ran"
    return dummy.run_rung(spec, on_epoch)


@pytest.mark.parametrize("oracle", ["random", "grid"])
def test_where_nobody_reads_results_no_decision_waits(tmp_path: Path, oracle: str) -> None:
    LAST.clear()
    changes = {"oracle": oracle, "concurrency": 2, "limits": Limits(12, 2).to_json()}
    with driver(tmp_path, 2, f"{__name__}:first_waits_for_last", **changes) as waiting:
        table = waiting.search()
    assert [row.status for row in table] == ["completed"] * 12


def test_a_decision_is_recorded_before_it_is_acted_on(tmp_path: Path) -> None:
    class Check(Observer):
        def on_job_start(self, spec: RungSpec) -> None:
            with StoreView(tmp_path) as view:
                assert view.jobs()[spec.job].spec.values == spec.values
                assert dict(view.table()[spec.trial].values) == spec.values

    with driver(tmp_path, observer=Check()) as made:
        made.search()


def test_a_result_without_a_row_is_taken_in(tmp_path: Path) -> None:
    with driver(tmp_path) as made:
        table = lines(made.search())
        made._store._db.execute("DELETE FROM jobs WHERE number = 11")
        made._store._db.execute("DELETE FROM trials WHERE number = 11")
    with driver(tmp_path) as made:
        assert lines(made.search()) == table
    assert not run_twice(tmp_path)
    assert not (tmp_path / "jobs/000011/attempt-2").exists()


def test_a_larger_search_continues_the_smaller_one(tmp_path: Path) -> None:
    with driver(tmp_path / "a", limits=Limits(5, 3).to_json()) as made:
        made.search()
        made.run([JobRequest(1, "seed", 0, 1, 3)])
    with driver(tmp_path / "a") as made:
        table = lines(made.search())
    with driver(tmp_path / "b") as made:
        assert table == lines(made.search())
    assert not run_twice(tmp_path / "a")


def test_requests_are_served_once(tmp_path: Path) -> None:
    requests = [JobRequest(3, "seed", 0, s, 3) for s in (1, 2)] + [JobRequest(3, "refit", -1, 0, 2)]
    with driver(tmp_path) as made:
        made.search()
        first = made.run(requests)
    assert [r.job for r in first] == [12, 13, 14]
    assert first[0].score != first[1].score
    assert len(first[2].epochs) == 2
    with driver(tmp_path) as made:
        made.search()
        assert made.run(list(reversed(requests))) == list(reversed(first))
        assert made.folder(13) == tmp_path / "jobs/000013/attempt-1"
        with pytest.raises(UsageError, match="no trial 99"):
            made.run([JobRequest(99, "seed", 0, 1, 3)])
    assert not run_twice(tmp_path)


def test_requests_end_with_their_time(tmp_path: Path) -> None:
    requests = [JobRequest(trial, "refit", -1, 0, 4) for trial in (2, 0, 5)]
    CLOCK.now = 0.0
    with driver(tmp_path, 1, PACED, clock=CLOCK) as made:
        made.search()
        first = made.run(requests, seconds=60)
        assert [r.status for r in first] == ["completed", "stopped", "stopped"]
        assert [len(r.epochs) for r in first] == [4, 2, 0]
        assert (made.folder(first[1].job) / str(first[1].checkpoint)).is_file()
        assert first[2].checkpoint is None
        again = made.run(requests)
    assert [r.status for r in again] == ["completed"] * 3
    assert [[e.epoch for e in r.epochs] for r in again] == [[0, 1, 2, 3]] * 3
    assert not run_twice(tmp_path)


def test_a_trial_that_kills_its_worker_fails_and_the_search_goes_on(tmp_path: Path) -> None:
    (tmp_path / "dummy.json").write_text('{"kill": [3], "kill_once": [5]}')
    messages: list[str] = []

    class Listen(Observer):
        def on_message(self, text: str) -> None:
            messages.append(text)

    table = run(tmp_path, 2, META, observer=Listen())
    assert [t.status for t in table] == ["completed"] * 3 + ["failed"] + ["completed"] * 8
    with StoreView(tmp_path) as view:
        result = view.jobs()[3].result
    assert result is not None
    assert "died 3 times" in result.error
    assert "SIGABRT" in result.error
    assert len(list((tmp_path / "jobs/000003").iterdir())) == 3
    assert len(list((tmp_path / "jobs/000005").iterdir())) == 2
    assert sum("SIGABRT" in m for m in messages) == 4
    assert run(tmp_path, 2, META) == table
    assert len(list((tmp_path / "jobs/000003").iterdir())) == 3, "a job that was given up was tried again"


def test_a_time_budget_gives_a_prefix_and_is_continued(tmp_path: Path) -> None:
    with driver(tmp_path / "all") as made:
        whole = made.search()
    CLOCK.now = 0.0
    with driver(tmp_path / "cut", 1, PACED, clock=CLOCK, limits=Limits(12, 3, 100).to_json()) as made:
        cut = made.search()
    assert [t.status for t in cut[:4]] == ["completed"] * 3 + ["stopped"]
    assert {t.status for t in cut[4:]} <= {"running"}, "recorded, never begun"
    assert list(cut[:3]) == list(whole[:3])
    assert 100 <= CLOCK.now <= 110
    with driver(tmp_path / "cut", 1, PACED, clock=CLOCK) as made:
        assert lines(made.search()) == lines(whole)
    spec = json.loads((tmp_path / "cut/jobs/000003/attempt-2/spec.json").read_text())["data"]
    assert (spec["from_epoch"], spec["parent"]) == (1, "jobs/000003/attempt-1/checkpoint.npz")
    assert not run_twice(tmp_path / "cut")


def test_stop_leaves_a_search_that_continues(tmp_path: Path) -> None:
    (tmp_path / "dummy.json").write_text('{"sleep": 0.05}')
    trials: list[TrialRow] = []
    made: list[Driver] = []

    class StopAfterThree(Observer):
        def on_trial(self, row: TrialRow) -> None:
            trials.append(row)
            if len(trials) == 3:
                made[0].stop()

    with pytest.raises(Stopped):
        run(tmp_path, 2, META, observer=StopAfterThree(), on_driver=made.append)
    table = run(tmp_path, 2, META)
    with driver(tmp_path / "other") as other:
        assert lines(table) == lines(other.search())
    assert not run_twice(tmp_path)


def full(spec: RungSpec, on_epoch: Any) -> RungResult:
    """A rung on a full disk."""
    raise StorageError("no space left")


def test_a_full_disk_ends_the_search(tmp_path: Path) -> None:
    with driver(tmp_path, runner=f"{__name__}:full") as made, pytest.raises(StorageError, match="no space left"):
        made.search()
    with driver(tmp_path) as made:
        assert {t.status for t in made.search()} == {"completed"}


def test_only_the_best_checkpoints_are_kept(tmp_path: Path) -> None:
    with driver(tmp_path) as made:
        table = made.search()
    kept = {int(p.parts[-3]) for p in tmp_path.glob("jobs/*/attempt-1/checkpoint.npz")}
    assert kept == {t.number for t in sorted(table, key=lambda t: -(t.score or 0))[:3]}


class TwoRungs:
    """One epoch for each trial; the best half goes on to the third."""

    name = "two"

    def next(self, table: Any, started: int, max_trials: int, max_epochs: int) -> Any:
        if started < max_trials:
            return NewTrial(1)
        ranked = sorted((t for t in table if t.score is not None), key=lambda t: (-t.epochs[0][0], t.number))
        waiting = [t.number for t in ranked[: max_trials // 2] if len(t.epochs[0]) == 1]
        running = sum(t.status == "running" for t in table)
        return Promote(waiting[0], max_epochs) if waiting and not running else None


def test_promoted_trials_continue_from_their_checkpoint(tmp_path: Path) -> None:
    tables = []
    for workers in (1, 3):
        with driver(tmp_path / str(workers), workers, concurrency=2, folds=2) as made:
            made._decider._scheduler = TwoRungs()
            tables.append(lines(made.search()))
        with StoreView(tmp_path / str(workers)) as view:
            rungs = [j.spec for j in view.jobs() if j.spec.from_epoch == 1]
        assert len(rungs) == 12
        assert all(s.parent == f"jobs/{s.trial * 2 + s.fold:06d}/attempt-1/checkpoint.npz" for s in rungs)
    assert tables[0] == tables[1]
    assert sorted(len(json.loads(line)["epochs"][0]) for line in tables[0]) == [1] * 6 + [3] * 6


def second_fold_diverges(spec: RungSpec, on_epoch: Any, should_stop: Any = None) -> RungResult:
    """A runner of dummy rungs, but for the second fold."""
    if spec.fold == 1:
        return RungResult(spec.job, spec.trial, "diverged")
    return dummy.run_rung(spec, on_epoch, should_stop)


def test_folds_that_were_stopped_go_on_though_another_has_diverged(tmp_path: Path) -> None:
    class StopInside(Observer):
        ended, begun = False, set[int]()

        def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
            self.ended = True
            self.look()

        def on_epoch(self, spec: RungSpec, epoch: Any) -> None:
            self.begun.add(spec.fold)
            self.look()

        def look(self) -> None:
            if self.ended and self.begun == {0, 2}:
                made.stop()

    habits, runner = tmp_path / "dummy.json", f"{__name__}:second_fold_diverges"
    meta = {**META, "folds": 3, "limits": Limits(1, 6000).to_json()}
    for begin in (True, False):
        habits.write_text('{"sleep": 0.05}' if begin else "{}")
        with (
            closing(Store.open_or_create(tmp_path, meta)) as store,
            closing(LocalExecutor(3, directory=tmp_path, runner=runner, mode="fork")) as executor,
        ):
            made = make_driver(tmp_path, store, executor, observer=StopInside() if begin else None)
            if begin:
                with pytest.raises(Stopped):
                    made.search()
            else:
                assert [row.status for row in made.search()] == ["diverged"]
    again = [json.loads(p.read_text())["data"] for p in (tmp_path / "jobs").glob("*/attempt-2/spec.json")]
    assert len(again) == 2
    assert all(spec["from_epoch"] > 0 for spec in again), "their checkpoints were removed"


def test_an_error_of_an_oracle_reaches_the_caller(tmp_path: Path) -> None:
    class Broken:
        name = "grid"

        def propose(self, *arguments: Any) -> dict[str, Any]:
            raise ZeroDivisionError("in the oracle")

    with driver(tmp_path) as made:
        made._decider._oracle = Broken()
        with pytest.raises(ZeroDivisionError, match="in the oracle"):
            made.search()


@pytest.mark.parametrize("limit", [{"max_trials": 0}, {"max_epochs": -3}, {"max_trials": 2.5}, {"time_budget": 0}])
def test_limits_are_checked(limit: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"{next(iter(limit))} must be"):
        Limits(**limit)
