"""What a selection leaves on the disk: results, and no checkpoint that nobody will read."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.driver import Driver, JobRequest, Limits
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.observer import Observer
from lstm_automl.search.store import Store
from lstm_automl.testing.dummy import run_twice
from lstm_automl.testing.search import RUNNER, facts, make_driver, small_space

META = facts(small_space(), oracle="random", limits=Limits(4, 2).to_json())
SELECTION = [JobRequest(trial, "seed", 0, seed, 2) for trial in (0, 1) for seed in (1, 2)]


class Killed(BaseException):
    """As if the process had ended here."""


class KillAt(Observer):
    """Ends everything when that many seeds have ended: their rows are there, what was to come after is not."""

    def __init__(self, after: int) -> None:
        self.left = after

    def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
        self.left -= spec.purpose == "seed"
        if not self.left:
            raise Killed


@contextmanager
def driver(directory: Path, observer: Observer | None = None) -> Iterator[Driver]:
    store = Store.open_or_create(directory, META)
    with closing(store), ThreadPoolExecutor(1) as threads:
        yield make_driver(directory, store, FuturesExecutor(threads, 1, runner=RUNNER), observer=observer)


def left(made: Driver, results: list[RungResult]) -> list[bool]:
    return [(made.folder(r.job) / "checkpoint.npz").exists() for r in results]


def test_seeds_leave_none_refits_theirs(tmp_path: Path) -> None:
    with driver(tmp_path) as made:
        made.search()
        results = made.run([*SELECTION, JobRequest(0, "refit", -1, 0, 2)])
        assert [r.status for r in results] == ["completed"] * 5
        assert left(made, results) == [False] * 4 + [True]


@pytest.mark.parametrize("after", [1, 3, 4])
def test_killed_in_mid_selection_none_is_left_and_none_run_twice(tmp_path: Path, after: int) -> None:
    with driver(tmp_path / "whole") as made:
        made.search()
        whole: Any = made.run(SELECTION)
    with driver(tmp_path / "cut", KillAt(after)) as made:
        made.search()
        with pytest.raises(Killed):
            made.run(SELECTION)
    assert list((tmp_path / "cut").glob("jobs/00000[4-7]/*/checkpoint.npz")), "nothing was cut"
    with driver(tmp_path / "cut") as made:
        made.search()
        results = made.run(SELECTION)
        assert [(r.score, r.epochs) for r in results] == [(r.score, r.epochs) for r in whole]
        assert not any(left(made, results))
    assert not run_twice(tmp_path / "cut")
