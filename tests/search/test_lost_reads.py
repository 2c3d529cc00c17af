"""What decisions were shown is not lost unseen: it comes back from the folders, or is decided again, or is an error."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from stop_after import StopAfter

from lstm_automl.errors import StateError
from lstm_automl.search.driver import Limits, Stopped
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.results import read_checked, write_checked
from lstm_automl.search.sqlite import FILE
from lstm_automl.search.store import Store
from lstm_automl.testing.dummy import run_twice
from lstm_automl.testing.search import RUNNER, facts, lines, make_driver, small_space

Found = tuple[list[str], list[int]]
"""A table, and in which order the results were read."""


def meta(trials: int = 12) -> dict[str, Any]:
    limits = Limits(trials, 20).to_json()
    return facts(small_space(), oracle="random", scheduler="asha", concurrency=8, seed=1, limits=limits)


def search(directory: Path, stops: int = -1, workers: int = 2, trials: int = 12) -> Found:
    with ExitStack() as stack:
        store = stack.enter_context(closing(Store.open_or_create(directory, meta(trials))))
        pool = FuturesExecutor(ThreadPoolExecutor(workers), workers, runner=RUNNER)
        stack.enter_context(closing(pool))
        observer = StopAfter(stops)
        observer.driver = driver = make_driver(directory, store, pool, observer=observer)
        table = lines(driver.search())
        return table, driver._ledger._order[0 : len(driver._ledger)]


def execute(directory: Path, *statements: str) -> None:
    with closing(sqlite3.connect(directory / FILE)) as db, db:
        for statement in statements:
            db.execute(statement)


def rows(directory: Path) -> dict[int, int]:
    with closing(sqlite3.connect(directory / FILE)) as db:
        return dict(db.execute("SELECT job, results FROM reads").fetchall())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Found]:
    directory = tmp_path_factory.mktemp("search")
    found = search(directory)
    assert len(rows(directory)) > 2, "no decision had to wait for more than the rule says"
    return directory, found


@pytest.fixture
def copy(finished: tuple[Path, Found], tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished[0], tmp_path / "copy"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reads SET checksum = 'x'",
        "UPDATE reads SET results = results + 1",
        "UPDATE reads SET results = results + 1 WHERE job = (SELECT max(job) FROM reads)",
        "UPDATE reads SET job = job + 1000 WHERE job = (SELECT min(job) FROM reads)",
        "DELETE FROM reads",
        "DELETE FROM reads WHERE job = (SELECT min(job) FROM reads)",
    ],
)
def test_lost_counts_come_back_from_the_folders(
    finished: tuple[Path, Found], copy: Path, tmp_path: Path, statement: str
) -> None:
    before = rows(copy)
    execute(copy, statement)
    Store(copy).close()
    assert rows(copy) == before
    assert search(copy) == finished[1]
    cut = tmp_path / "cut"
    with pytest.raises(Stopped):
        search(cut, stops=len(finished[1][1]) - 2)
    assert rows(cut)
    execute(cut, statement)
    assert search(cut, workers=3) == finished[1]
    assert not run_twice(cut)


def begun(directory: Path, job: int) -> bool:
    return (directory / f"jobs/{job:06d}").exists()


def test_counts_of_what_had_not_begun_are_decided_again(finished: tuple[Path, Found], tmp_path: Path) -> None:
    dropped = 0
    for stops in range(5, len(finished[1][1])):
        directory = tmp_path / str(stops)
        with pytest.raises(Stopped):
            search(directory, stops=stops, workers=1)
        last = max(rows(directory), default=None)
        if last is None or begun(directory, last):
            continue
        execute(directory, "UPDATE reads SET checksum = 'x'")
        with closing(Store(directory)) as store:
            assert any("had not begun and is decided again" in text for text in store.repaired)
            assert last not in store.jobs
        dropped += 1
        assert search(directory) == finished[1]
        assert not run_twice(directory)
    assert dropped, "none was waiting to begin"


def test_a_count_that_is_nowhere_is_an_error_each_time(copy: Path) -> None:
    job = min(rows(copy))
    (copy / f"jobs/{job:06d}/attempt-1/spec.json").write_text("{}")
    execute(copy, "PRAGMA user_version = 0", f"UPDATE reads SET checksum = 'x' WHERE job = {job}")  # an older file
    for _ in range(2):
        with pytest.raises(StateError, match=rf"search\.db is damaged.*decision on job {job} saw"):
            Store(copy)


def test_a_damaged_folder_alone_is_none(finished: tuple[Path, Found], copy: Path) -> None:
    (copy / f"jobs/{min(rows(copy)):06d}/attempt-1/spec.json").write_text("{}")
    with closing(Store(copy)) as store:
        assert not store.repaired
    assert search(copy) == finished[1]


def test_counts_do_not_outlive_their_jobs(tmp_path: Path) -> None:
    search(tmp_path / "whole", trials=10)
    first = sorted(rows(tmp_path / "whole"))[0]
    shutil.copytree(tmp_path / "whole", tmp_path / "lost")
    execute(tmp_path / "lost", f"DELETE FROM jobs WHERE number >= {first}")
    for folder in sorted((tmp_path / "lost/jobs").iterdir())[first:]:
        shutil.rmtree(folder)
    Store(tmp_path / "lost").close()
    assert not rows(tmp_path / "lost")
    found = search(tmp_path / "lost", trials=16)  # other decisions get those numbers
    assert search(tmp_path / "lost", trials=16) == found


def test_a_job_rebuilt_has_the_count_of_its_folder(finished: tuple[Path, Found], copy: Path) -> None:
    path = copy / "jobs/000001/attempt-1/spec.json"
    written = read_checked(path)
    assert written is not None
    assert written["reads"] is None
    with closing(Store(copy)) as store:
        store._reads.keep(1, 1)
    execute(copy, "DELETE FROM jobs WHERE number = 1")
    with closing(Store(copy)) as store:
        assert store.reads_of(1) is None
    execute(copy, "DELETE FROM jobs WHERE number = 1")
    write_checked(path, {**written, "reads": 1})
    with closing(Store(copy)) as store:
        assert store.reads_of(1) == 1
