"""A scheduler that often has nothing to start: the same table on any number of workers, killed or not."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lstm_automl.search.attempts import job_folder
from lstm_automl.search.contracts import NewTrial, Promote, RungSpec
from lstm_automl.search.driver import Limits
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.observer import Observer
from lstm_automl.search.sqlite import FILE
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.testing.dummy import run_twice
from lstm_automl.testing.search import RUNNER, facts, lines, make_driver, small_space

TRIALS, EPOCHS = 12, 8
META = facts(small_space(), oracle="grid", scheduler="none", concurrency=5, limits=Limits(TRIALS, EPOCHS).to_json())


class Hesitant:
    """Starts, promotes or waits by what it sees: any other view of the results makes another search."""

    name = "none"

    def next(self, table: Any, started: int, max_trials: int, max_epochs: int) -> Any:
        known = sum(len(row.rungs) for row in table)
        waiting = [row for row in table if row.status == "completed" and row.to_epoch < max_epochs]
        running = sum(row.status == "running" for row in table)
        mood = random.Random(f"{known} {started} {[row.to_epoch for row in table]}").random()
        if running and mood < 0.5:
            return None
        if waiting and (mood < 0.8 or started >= max_trials):
            best = max(waiting, key=lambda row: (row.score, row.number))
            return Promote(best.number, min(max_epochs, 2 * best.to_epoch))
        return NewTrial(1 + known % 3) if started < max_trials else None


class Killed(BaseException):
    """As if the process had ended here."""


class KillAt(Observer):
    """Ends everything at a random event."""

    def __init__(self, after: int) -> None:
        self.left = after

    def _count(self, *_: Any) -> None:
        self.left -= 1
        if self.left <= 0:
            raise Killed

    on_job_start = on_job_end = on_epoch = _count


def search(
    directory: Path, workers: int, observer: Observer | None = None, folds: int = 1, scheduler: Any = None
) -> list[str]:
    directory.mkdir(exist_ok=True)
    store = Store.open_or_create(directory, {**META, "folds": folds})
    with closing(store), ThreadPoolExecutor(workers) as threads:
        pool = FuturesExecutor(threads, workers, runner=RUNNER)
        driver = make_driver(directory, store, pool, observer=observer)
        driver._decider._scheduler = scheduler or Hesitant()
        return lines(driver.search())


@pytest.mark.parametrize("folds", [1, 2])
def test_any_number_of_workers_killed_anywhere_makes_one_table(tmp_path: Path, folds: int) -> None:
    whole = search(tmp_path / "whole", 1, folds=folds)
    with closing(Store(tmp_path / "whole")) as store:
        assert store.reads > 0, "it never waited"
    for workers in (2, 4):
        assert search(tmp_path / str(workers), workers, folds=folds) == whole
    rng = random.Random(folds)
    for workers in (1, 2, 4):
        directory, kills = tmp_path / f"killed{workers}", 0
        while True:
            try:
                table = search(directory, workers, KillAt(rng.randrange(2, 40)), folds)
                break
            except Killed:
                kills += 1
        assert kills > 3
        assert table == whole
        assert not run_twice(directory)


def test_what_a_decision_was_shown_comes_back_with_its_job(tmp_path: Path) -> None:
    whole = search(tmp_path, 2)
    with closing(Store(tmp_path)) as store:
        before = dict(store._reads)
        last = max(before)
        store._db.execute("DELETE FROM jobs WHERE number >= ?", (last,))
        store._db.execute("DELETE FROM reads WHERE job >= ?", (last,))
    with closing(Store(tmp_path)) as store:
        assert store._reads == before
    assert search(tmp_path, 2) == whole
    assert not run_twice(tmp_path)


def test_a_lost_checkpoint_is_made_again(tmp_path: Path) -> None:
    lost: list[Path] = []

    class Lose(Observer):
        def on_job_end(self, spec: RungSpec, result: Any) -> None:
            for path in job_folder(tmp_path / "b", spec.job).glob("*/checkpoint.npz"):
                lost.append(path)
                path.unlink()

    whole = search(tmp_path / "a", 2)
    assert search(tmp_path / "b", 2, Lose()) == whole
    written = [json.loads(p.read_text())["data"] for p in sorted((tmp_path / "b/jobs").glob("*/attempt-1/spec.json"))]
    assert any(w["work"]["from_epoch"] > w["from_epoch"] == 0 for w in written), "nothing was trained again"
    assert lost
    with StoreView(tmp_path / "b") as view:
        specs = {job.number: job.spec for job in view.jobs()}
        assert all(row.epoch.epoch >= specs[row.job].from_epoch for row in view.epochs()), "known epochs are told again"


def test_promotions_continue_from_their_checkpoints(tmp_path: Path) -> None:
    search(tmp_path, 2)
    written = [json.loads(p.read_text())["data"] for p in sorted((tmp_path / "jobs").glob("*/attempt-1/spec.json"))]
    promoted = [w for w in written if w["work"]["from_epoch"]]
    assert promoted
    assert all(w["from_epoch"] == w["work"]["from_epoch"] for w in promoted)


def test_few_checkpoints_are_kept_and_all_promotions_continue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lstm_automl.search import cleaning

    whole = search(tmp_path / "a", 2)
    monkeypatch.setattr(cleaning, "WAITING", 2)
    monkeypatch.setattr(cleaning, "KEEP", 1)
    most = 0

    class Look(Observer):
        def on_job_start(self, spec: RungSpec) -> None:
            nonlocal most
            most = max(most, len(list((tmp_path / "b/jobs").glob("*/*/checkpoint.npz"))))

    assert search(tmp_path / "b", 2, Look()) == whole
    specs = [json.loads(p.read_text())["data"] for p in (tmp_path / "b/jobs").glob("*/attempt-1/spec.json")]
    ends = {spec["work"]["to_epoch"] for spec in specs}
    assert most <= 5 + 1 + 2 * len(ends)
    assert len(list((tmp_path / "b/jobs").glob("*/*/checkpoint.npz"))) <= 1 + 2 * len(ends)


def test_a_search_of_the_first_format_is_continued(tmp_path: Path) -> None:
    from lstm_automl.search import encoding

    whole = search(tmp_path / "new", 2)
    with closing(Store.open_or_create(tmp_path / "old", META)) as store:
        store._db.execute("DROP TABLE reads")
        store._db.execute("INSERT OR REPLACE INTO meta VALUES(?,?,?)", encoding.meta_columns("format", 1))
    assert search(tmp_path / "old", 2) == whole
    assert (tmp_path / "old" / f"{FILE}.format-1").exists()


def test_a_live_table_says_what_changed(tmp_path: Path) -> None:
    seen: list[tuple[int, Any]] = []

    class Watch(Hesitant):
        def next(self, table: Any, *limits: int) -> Any:
            for number in table.changed(seen[-1][0]) if seen else range(len(table)):
                mirror[number] = table[number]
            assert [mirror[n] for n in range(len(table))] == list(table)
            seen.append((table.version, None))
            return super().next(tuple(table), *limits)

    mirror: dict[int, Any] = {}
    assert search(tmp_path / "live", 2, scheduler=Watch()) == search(tmp_path / "plain", 2)
    assert len(seen) > TRIALS
