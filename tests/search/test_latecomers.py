"""What happens while a search runs: workers join, a promotion is decided, a large search is opened again."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lstm_automl.search import cleaning
from lstm_automl.search.contracts import RungResult, RungSpec, TrialRow
from lstm_automl.search.driver import Limits
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.jobs import Jobs
from lstm_automl.search.observer import Observer
from lstm_automl.search.store import Store
from lstm_automl.testing import dummy
from lstm_automl.testing.search import RUNNER, facts, lines, make_driver, small_space

WORKERS = 6
TOGETHER = threading.Barrier(WORKERS)


def together(spec: RungSpec, on_epoch: Any) -> RungResult:
    """All rungs but the first wait for each other: with fewer workers at a time none would go on."""
    if spec.trial:
        TOGETHER.wait(300)
    return dummy.run_rung(spec, on_epoch)


class Join(Observer):
    """When the first rung has ended there are more workers."""

    def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
        self.executor.capacity = WORKERS

    executor: FuturesExecutor


def test_workers_that_join_later_are_used(tmp_path: Path) -> None:
    limits = Limits(1 + 2 * WORKERS, 2).to_json()
    meta = facts(small_space(), oracle="random", limits=limits, concurrency=WORKERS)
    observer = Join()
    with closing(Store.open_or_create(tmp_path, meta)) as store, ThreadPoolExecutor(WORKERS) as threads:
        observer.executor = FuturesExecutor(threads, 1, runner=f"{__name__}:together")
        table = make_driver(tmp_path, store, observer.executor, observer=observer).search()
    assert [row.status for row in table] == ["completed"] * len(table)


META = facts(small_space(), oracle="grid", scheduler="asha", limits=Limits(12, 16).to_json())


def search(directory: Path, observer: Observer | None = None) -> list[str]:
    with closing(Store.open_or_create(directory, META)) as store, ThreadPoolExecutor(2) as threads:
        executor = FuturesExecutor(threads, 2, runner=RUNNER)
        return lines(make_driver(directory, store, executor, observer=observer).search())


def test_a_checkpoint_is_in_use_as_soon_as_its_promotion_is_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, starts = Counter[int](), Counter[int]()
    promoted = cleaning.Cleaner.promoted

    def tell(self: cleaning.Cleaner, trial: int) -> None:
        told[trial] += 1
        promoted(self, trial)

    class Look(Observer):
        def on_job_start(self, spec: RungSpec) -> None:
            starts[spec.trial] += 1
            if spec.from_epoch:  # once when its rung before had ended, and once by the decision
                assert told[spec.trial] == 2 * (starts[spec.trial] - 1)

    monkeypatch.setattr(cleaning.Cleaner, "promoted", tell)
    search(tmp_path, Look())
    assert max(starts.values()) > 1, "nothing was promoted"


def test_one_that_is_promoted_is_not_pushed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "WAITING", 1)
    monkeypatch.setattr(cleaning, "KEEP", 1)
    cleaner = cleaning.Cleaner(tmp_path, "max", 9, lambda trial: [trial])
    for trial in range(3):
        folder = tmp_path / f"jobs/{trial:06d}/attempt-1"
        folder.mkdir(parents=True)
        (folder / "checkpoint.npz").touch()
    for trial, score in enumerate((0.1, 0.2, 0.3)):
        cleaner.ended(TrialRow(trial, {}, "completed", score, 0.5, to_epoch=3), [trial], 1)
        if trial == 1:
            cleaner.promoted(1)
    assert sorted(p.parts[-3] for p in tmp_path.rglob("*.npz")) == ["000001", "000002"]


def test_a_search_is_read_once_when_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, reads = search(tmp_path), Counter[int]()
    one = Jobs.__getitem__

    def read(self: Jobs, number: int) -> Any:
        reads[number] += 1
        return one(self, number)

    monkeypatch.setattr(Jobs, "__getitem__", read)
    assert search(tmp_path) == whole
    assert not reads
    with closing(Store.open_or_create(tmp_path, META)) as store:
        first = list(store.jobs.pieces())
        assert list(store.jobs.pieces()) == first
        assert len(first) == len(store.jobs) > 12
