"""Checkpoints of refits go once the model is saved; a refit that is needed again is trained again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from paced import CLOCK
from paced import RUNNER as PACED

from lstm_automl.search.attempts import attempts
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.driver import Driver, JobRequest, Limits
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.observer import Observer
from lstm_automl.search.results import RESULT
from lstm_automl.search.store import Store
from lstm_automl.testing.search import RUNNER, facts, lines, make_driver, small_space

META = facts(small_space(), oracle="random", limits=Limits(3, 2).to_json())
REFITS = [JobRequest(1, "refit", -1, seed, 4, 4) for seed in range(2)]
MORE = JobRequest(1, "refit", -1, 2, 4, 4)
JOBS = (3, 4)


class Killed(BaseException):
    """As if the process had ended here."""


class KillAt(Observer):
    """Ends everything at the first epoch of a refit, or when one has ended."""

    def __init__(self, moment: str) -> None:
        self.moment = moment

    def on_epoch(self, spec: RungSpec, epoch: Epoch) -> None:
        if self.moment == "epoch" and spec.purpose == "refit":
            raise Killed

    def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
        if self.moment == "end" and spec.purpose == "refit":
            raise Killed


@contextmanager
def driver(directory: Path, observer: Observer | None = None, runner: str = RUNNER, **more: Any) -> Iterator[Driver]:
    store = Store.open_or_create(directory, META)
    with closing(store), ThreadPoolExecutor(1) as threads:
        made = make_driver(directory, store, FuturesExecutor(threads, 1, runner=runner), observer=observer, **more)
        made.search()
        yield made


def finished(directory: Path) -> list[RungResult]:
    """A search whose refits have ended, and whose model is saved."""
    with driver(directory) as made:
        results = made.run([*REFITS, JobRequest(0, "seed", 0, 1, 2)])[:2]
        assert all(there(made))
        made.clean_refits()
        assert not any(there(made))
        assert list(directory.glob("jobs/00000[0-2]/*/checkpoint.npz")), "the best of the search lost theirs"
    return results


def there(made: Driver, jobs: tuple[int, ...] = JOBS) -> list[bool]:
    return [(made.folder(job) / "checkpoint.npz").exists() for job in jobs]


def tried(directory: Path) -> list[int]:
    return [len(attempts(directory, job)) for job in JOBS]


def same(some: list[RungResult], others: list[RungResult]) -> bool:
    return [(r.job, r.status, r.epochs) for r in some] == [(r.job, r.status, r.epochs) for r in others]


def test_what_nobody_needs_is_not_trained_again(tmp_path: Path) -> None:
    results = finished(tmp_path)
    with driver(tmp_path) as made:
        assert same(made.run(REFITS), results)
        assert same(made.run([*REFITS, MORE])[:2], results)
        made.clean_refits()
        assert not any(there(made, (*JOBS, 6)))
    assert tried(tmp_path) == [1, 1]


def test_results_the_store_has_lost_are_those_of_the_attempts(tmp_path: Path) -> None:
    results = finished(tmp_path)
    with closing(Store(tmp_path)) as store:
        store._db.execute("DELETE FROM jobs WHERE number >= ?", JOBS[:1])
    with driver(tmp_path) as made:
        assert same(made.run(REFITS), results)
        assert tried(tmp_path) == [1, 1]
        assert same(made.run(REFITS, again=True), results)
        assert all(there(made))
    assert tried(tmp_path) == [2, 2]


def test_what_is_needed_is(tmp_path: Path) -> None:
    results = finished(tmp_path)
    with driver(tmp_path) as made:
        table = lines(made.table())
        for _ in range(2):  # once is enough
            assert same(made.run(REFITS, again=True), results)
            assert all(there(made))
            assert tried(tmp_path) == [2, 2]
    with driver(tmp_path) as made:
        assert same(made.run(REFITS, again=True), results)
        assert lines(made.table()) == table
    assert tried(tmp_path) == [2, 2]


@pytest.mark.parametrize(("moment", "most"), [("epoch", [3, 2]), ("end", [2, 2])])
def test_killed_while_it_is_trained_again(tmp_path: Path, moment: str, most: list[int]) -> None:
    results = finished(tmp_path)
    with driver(tmp_path, KillAt(moment)) as made, pytest.raises(Killed):
        made.run(REFITS, again=True)
    if moment == "epoch":  # what a kill leaves: half a network, and no result
        cut = attempts(tmp_path, JOBS[0])[-1]
        (cut / RESULT).unlink(missing_ok=True)
        (cut / "checkpoint.npz").write_bytes(b"half")
    with driver(tmp_path) as made:
        assert same(made.run(REFITS), results)
        assert there(made) == [moment == "end", False], "half a network is taken for a whole one"
        assert same(made.run(REFITS, again=True), results)
        assert all(there(made))
    assert tried(tmp_path) == most


def test_without_time_it_is_stopped_and_goes_on_later(tmp_path: Path) -> None:
    results = finished(tmp_path)
    with driver(tmp_path) as made:
        assert same(made.run(REFITS, seconds=0.0, again=True), results)
        assert not any(there(made))
    with driver(tmp_path, runner=PACED, clock=CLOCK) as made:
        assert [r.status for r in made.run(REFITS, seconds=25.0, again=True)] == ["stopped", "completed"]
        assert there(made) == [True, False]
    with driver(tmp_path) as made:
        assert same(made.run(REFITS), results)
        assert there(made) == [True, False]
        assert same(made.run(REFITS, again=True), results)
        assert all(there(made))
