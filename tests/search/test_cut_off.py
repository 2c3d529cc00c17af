"""Trials cut off in their first rung: scored where nothing else is; a search that goes on knows nothing of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from paced import CLOCK, RUNNER

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, Status, Table, TrialRow
from lstm_automl.search.cut_off import CutOff, cut_off, settled_table, so_far
from lstm_automl.search.driver import Driver, JobRequest, Limits
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.rows import JobRow, rank
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.testing import dummy
from lstm_automl.testing.search import facts, lines, make_driver, small_space

EPOCHS, TRIALS = 20, 4


@contextmanager
def searching(directory: Path, folds: int, seconds: float | None = None) -> Iterator[Driver]:
    """A driver of one worker, on a thread of this process."""
    meta = facts(small_space(), folds=folds, limits=Limits(TRIALS, EPOCHS, seconds).to_json())
    with ExitStack() as stack:
        store = stack.enter_context(closing(Store.open_or_create(directory, meta)))
        pool = FuturesExecutor(ThreadPoolExecutor(1), 1, runner=RUNNER)
        stack.enter_context(closing(pool))
        yield make_driver(directory, store, pool, clock=CLOCK)


def seen(directory: Path) -> Table:
    with StoreView(directory) as view:
        return settled_table(view)


@pytest.mark.parametrize(
    ("folds", "seconds", "told"),
    [
        (1, 100, CutOff(1, 10, EPOCHS, 1, 1)),
        (2, 100, CutOff(1, 10, EPOCHS, 1, 2)),
        (3, 230, CutOff(1, 20, EPOCHS, 2, 3)),
    ],
)
def test_a_search_cut_off_goes_on_as_if_it_had_not_been(
    tmp_path: Path, folds: int, seconds: float, told: CutOff
) -> None:
    with searching(tmp_path / "whole", folds) as driver:
        whole = lines(driver.search())
    with searching(tmp_path / "cut", folds, seconds) as driver:
        assert not rank(driver.search(), "max")
        table = seen(tmp_path / "cut")
        best = rank(table, "max")[0]
        assert cut_off(table, "max") == told
        assert best.score == max(epoch for epoch in _means(best.epochs))
        assert _means(best.epochs)[best.best_epoch] == best.score
        # what a flow does then: it trains the best again
        driver.run([JobRequest(best.number, "refit", -1, 0, to_epoch=best.best_epoch + 1)])
    with searching(tmp_path / "cut", folds) as driver:
        assert lines(driver.search()) == whole
    assert cut_off(seen(tmp_path / "cut"), "max") is None
    assert lines(seen(tmp_path / "cut")) == whole
    assert not dummy.run_twice(tmp_path / "cut")


def _means(folds: Sequence[Sequence[float]]) -> list[float]:
    there = [fold for fold in folds if fold]
    return [
        sum(fold[min(e, len(fold) - 1)] for fold in there) / len(there) for e in range(max(len(fold) for fold in there))
    ]


def _jobs(*folds: tuple[int, Status | None]) -> tuple[list[JobRow], Mapping[int, list[Epoch]]]:
    """A job a fold: its epochs so far, each a bit better, and how it ended."""
    jobs, epochs = [], {}
    for fold, (count, status) in enumerate(folds):
        spec = RungSpec(fold, 0, "search", fold, 0, {}, 0, "", "", 0, 9, 9)
        epochs[fold] = [Epoch(e, 1.0, {"score": (e + 1) / 10, "val_loss": 1 - e / 10}) for e in range(count)]
        result = None if status is None else RungResult(fold, 0, status, tuple(epochs[fold]), count - 1, count / 10)
        jobs.append(JobRow(fold, spec, result))
    return jobs, epochs


def _so_far(*folds: tuple[int, Status | None]) -> TrialRow:
    status = "stopped" if all(s for _, s in folds) else "running"
    return so_far(TrialRow(0, {}, status, to_epoch=9), *_jobs(*folds), "score", "max")  # type: ignore[arg-type]


def test_a_fold_that_is_behind_keeps_its_last_epoch() -> None:
    row = _so_far((8, "completed"), (2, "stopped"))
    assert (row.score, row.best_epoch, row.status) == (pytest.approx(0.5), 7, "stopped")


def test_epochs_of_a_worker_that_was_killed_count() -> None:
    row = _so_far((3, None), (0, None))
    assert (row.score, list(map(len, row.epochs))) == (0.3, [3, 0])


@pytest.mark.parametrize("status", ["failed", "diverged"])
def test_a_trial_with_a_broken_fold_is_none(status: Status) -> None:
    assert _so_far((3, "stopped"), (2, status)).score is None


def test_those_with_most_folds_come_first() -> None:
    rows = [
        TrialRow(0, {}, "stopped", 0.9, 0.1, epochs=((0.9,), ())),
        TrialRow(1, {}, "running", 0.5, 0.1, epochs=((0.5,), (0.5,))),
        TrialRow(2, {}, "stopped", 0.6, 0.1, epochs=((0.6,), (0.6,))),
        TrialRow(3, {}, "stopped"),
    ]
    assert [t.number for t in rank(rows, "max")] == [2, 1]
    finished = TrialRow(4, {}, "completed", 0.1)
    assert [t.number for t in rank([*rows, finished], "max")] == [4]
    assert cut_off([*rows, finished], "max") is None
    assert cut_off(rows[3:], "max") is None
