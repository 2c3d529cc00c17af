"""``runs list`` and ``runs show`` call a search cut off only when nobody works on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_automl.cli.main import run
from lstm_automl.search.contracts import Epoch, RungSpec
from lstm_automl.search.limits import Limits
from lstm_automl.search.lock import SearchLock
from lstm_automl.search.store import Store
from lstm_automl.spaces.space import Space
from lstm_automl.testing.search import facts

META = facts(Space("classification", {}), name="s", metric="accuracy", limits=Limits(1, 9).to_json())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A search in the first rung of its only trial."""
    store = Store.open_or_create(tmp_path / "s", META)
    store.add([RungSpec(0, 0, "search", 0, 0, {"units": 8}, 0, "", "", 0, 9, 9)], (0, {"units": 8}))
    store.begin(0)
    store.add_epochs([(0, Epoch(0, 1.0, {"accuracy": 0.7, "val_loss": 1.0}, 0.1))])
    store.close()
    (tmp_path / "s" / "request.json").write_text("{}")
    return tmp_path / "s"


def _told(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    assert run(["runs", "list", "--home", str(folder.parent)]) == 0
    listed = capsys.readouterr().out
    assert run(["runs", "show", "s", "--home", str(folder.parent)]) == 0
    return listed, capsys.readouterr().out


def test_under_way(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SearchLock(folder):
        listed, shown = _told(folder, capsys)
    assert "(trial 0, so far)" in listed
    assert "first 9 epochs so far: the best by 1 epoch, among 1 trial\n" in shown
    assert "cut off" not in listed + shown


def test_nobody_works_on_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SearchLock(folder):
        pass
    listed, shown = _told(folder, capsys)
    assert "(trial 0, cut off)" in listed
    assert "among 1 trial cut off\n" in shown


def test_a_model_was_made_of_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bundle").mkdir()
    with SearchLock(folder):
        listed, shown = _told(folder, capsys)
    assert "(trial 0, cut off), model" in listed
    assert "among 1 trial cut off\n" in shown
