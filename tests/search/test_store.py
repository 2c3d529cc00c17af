"""The store: other searches, damage, newer formats, a full disk."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lstm_automl.errors import DifferentSearchError, StateError, StorageError, UsageError
from lstm_automl.search import encoding
from lstm_automl.search.limits import Limits
from lstm_automl.search.sqlite import FILE
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.testing.search import facts, lines, run, small_space

META = facts(small_space(), oracle="grid", folds=2, limits=Limits(6, 3).to_json())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A finished search and its table."""
    directory = tmp_path_factory.mktemp("search")
    return directory, lines(run(directory, 2, META))


@pytest.fixture
def copy(finished: tuple[Path, list[str]], tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished[0], tmp_path / "copy"))


def execute(directory: Path, statement: str, *arguments: object) -> None:
    with closing(sqlite3.connect(directory / FILE)) as db, db:
        db.execute(statement, arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, "seed: 0 there, 1 now"),
        ({"data_digest": "other"}, "data_digest: 'none' there, 'other' now"),
        ({"concurrency": 5, "oracle": "tpe"}, "concurrency: 4 there, 5 now\n  oracle: 'grid' there, 'tpe' now"),
        ({"space": {"task": "classification", "parameters": []}}, "space: "),
        ({"limits": Limits(6, 4).to_json()}, "max_epochs: 3 there, 4 now"),
        ({"limits": Limits(5, 3).to_json()}, "max_trials: 6 there, only 5 now"),
    ],
)
def test_another_search_is_refused(finished: tuple[Path, list[str]], changes: dict, message: str) -> None:
    with pytest.raises(DifferentSearchError) as caught:
        Store.open_or_create(finished[0], {**META, **changes})
    assert message in str(caught.value)


def test_larger_limits_are_kept(copy: Path) -> None:
    limits = Limits(9, 3, time_budget=60).to_json()
    Store.open_or_create(copy, {**META, "limits": limits}).close()
    with StoreView(copy) as view:
        assert view.meta()["limits"] == limits


def test_a_newer_format_is_refused_by_name(copy: Path) -> None:
    execute(copy, "INSERT OR REPLACE INTO meta VALUES(?,?,?)", *encoding.meta_columns("format", 99))
    with pytest.raises(StateError, match=r"search\.db has format 99.*upgrade"):
        Store(copy)
    with StoreView(copy) as view, pytest.raises(StateError, match="format 99"):
        view.meta()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jobs SET result = replace(result, 'completed', 'diverged') WHERE number = 3",
        "UPDATE jobs SET result = NULL WHERE number IN (0, 11)",
        "UPDATE jobs SET data = replace(data, 'fold', 'mold') WHERE number = 4",
        "DELETE FROM jobs WHERE number = 5",
        "DELETE FROM jobs WHERE number >= 7",
        "UPDATE trials SET data = '' WHERE number = 2",
        "DELETE FROM trials WHERE number >= 4",
        "UPDATE epochs SET data = 'x' WHERE id = 3",
        "DELETE FROM trials",
        "DELETE FROM jobs",
    ],
)
def test_damaged_rows_come_back(finished: tuple[Path, list[str]], copy: Path, statement: str) -> None:
    before = sorted(p.name for p in (copy / "runs").iterdir())
    execute(copy, statement)
    assert lines(run(copy, 2, META)) == finished[1]
    assert sorted(p.name for p in (copy / "runs").iterdir()) == before, "a finished job was run again"


def test_damaged_facts_name_the_file(copy: Path) -> None:
    execute(copy, "UPDATE meta SET value = '7' WHERE key = 'seed'")
    with pytest.raises(StateError, match=r"search\.db is damaged.*'seed'"):
        Store(copy)


def test_a_result_that_is_damaged_too_is_made_again(finished: tuple[Path, list[str]], copy: Path) -> None:
    execute(copy, "UPDATE jobs SET result = 'x' WHERE number = 3")
    (copy / "jobs/000003/attempt-1/result.json").write_text("{}")
    assert lines(run(copy, 2, META)) == finished[1]
    assert (copy / "jobs/000003/attempt-2/result.json").exists()


def _resumes_or_says_so(directory: Path, table: list[str]) -> bool:
    """True when the search resumed with the same table, False for the one allowed error."""
    try:
        found = lines(run(directory, 2, META))
    except StateError as error:
        return _names(error)
    assert found == table
    return True


def _names(error: StateError) -> bool:
    assert FILE in str(error)
    return False


def _flip(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


@pytest.mark.parametrize("damage", [_flip, _cut])
def test_random_damage(
    finished: tuple[Path, list[str]], tmp_path: Path, damage: Callable[[bytearray, random.Random], None]
) -> None:
    rng, resumed = random.Random(7), 0
    for i in range(15):
        directory = Path(shutil.copytree(finished[0], tmp_path / str(i)))
        data = bytearray((directory / FILE).read_bytes())
        damage(data, rng)
        (directory / FILE).write_bytes(data)
        resumed += _resumes_or_says_so(directory, finished[1])
        shutil.rmtree(directory)
    assert resumed or damage is _cut


def test_a_lost_database_is_not_a_new_search(copy: Path) -> None:
    (copy / FILE).unlink()
    with pytest.raises(StateError, match=r"search\.db is missing"):
        Store.open_or_create(copy, META)


def test_not_a_search(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a search"):
        StoreView(tmp_path)


def test_a_full_disk_is_a_storage_error(tmp_path: Path) -> None:
    with closing(Store.open_or_create(tmp_path, META)) as store:
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        values = {"text": "x" * 100_000}
        with pytest.raises(StorageError, match=r"search\.db.*full"):
            store.add([], (0, values))
        assert store.trials == {}


def test_a_view_reads_while_the_driver_writes(finished: tuple[Path, list[str]]) -> None:
    with StoreView(finished[0]) as view:
        assert lines(view.table()) == finished[1]
        rows = view.epochs()
        assert [r.rowid for r in rows] == sorted(r.rowid for r in rows)
        assert len(rows) == 6 * 2 * 3
        assert view.epochs(after_rowid=rows[-2].rowid) == rows[-1:]
