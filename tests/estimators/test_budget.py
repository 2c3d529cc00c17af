"""A whole search under a time budget: it ends, with a model, whatever is short or slow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lstm_automl.cli.main import cli
from lstm_automl.cli.summary import summary
from lstm_automl.errors import NoValidTrialError
from lstm_automl.estimators import flow
from lstm_automl.estimators.request import Search
from lstm_automl.estimators.result import SearchResult
from lstm_automl.estimators.storing import require_valid
from lstm_automl.search.contracts import RungResult, TrialRow
from lstm_automl.search.driver import Driver, JobRequest
from lstm_automl.search.executors.ready import warm_up
from lstm_automl.search.view import StoreView
from lstm_automl.tasks.classification import Classification

BUDGET = 25.0
SMALL = {"front_end": "none", "units": 16, "num_layers": 1, "cell": "lstm", "augment": "none"}


def _search(tmp_path: Path, **more: Any) -> SearchResult:
    warm_up(wait=True)  # how long imports take is another matter
    settings = Search(**{"home": str(tmp_path), "track": False, "cv": 1, "workers": 2, "set": SMALL, **more})
    return flow.search("classification", "demo", settings=settings)


def _in_time(tmp_path: Path, **more: Any) -> SearchResult:
    """A search that goes on, each time with twice the time, where the machine had not come to one epoch."""
    for doubled in range(5):
        with suppress(NoValidTrialError):
            return _search(tmp_path, time_budget=BUDGET * 2**doubled, **more)
    raise AssertionError("not one epoch, ever")


def _about(result: SearchResult) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((result.path / "bundle.json").read_text())["about"]
    return about


def test_a_search_without_end_ends_with_a_model(tmp_path: Path) -> None:
    result = _in_time(tmp_path, max_trials=100_000, max_epochs=20)
    assert result.test
    assert (result.path / "model.keras").is_file()
    assert result.baselines


def test_without_time_to_refit_the_model_is_the_searchs_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Driver.run

    def cut(self: Driver, requests: Sequence[JobRequest], **_: Any) -> list[RungResult]:
        return run(self, requests, seconds=0.0)

    def slow(*_: Any) -> Any:
        raise ValueError("no floor")

    monkeypatch.setattr(Driver, "run", cut)
    monkeypatch.setattr(Classification, "baselines", slow)
    result = _search(tmp_path, max_trials=1, max_epochs=2, time_budget=1000.0)
    assert any("has not seen the validation part" in note for note in result.notes)
    assert any("no floors (ValueError: no floor)" in note for note in result.notes)
    assert result.test


def test_a_search_cut_off_in_its_first_rung_ends_with_a_model(tmp_path: Path) -> None:
    result = _in_time(tmp_path, max_trials=3, max_epochs=100_000, scheduler="none", cv=2)
    cut = result.cut_off
    assert cut is not None
    assert (cut.to_epoch, cut.of) == (100_000, 2)
    assert cut.epochs > result.best.best_epoch >= 0
    assert result.to_json()["cut_off"] == cut._asdict()
    assert str(cut) in summary(result)
    assert result.test
    assert _about(result)["fresh_runs"] is False
    assert len(result.predict("demo"))
    assert {row.status for row in result.table} <= {"running", "stopped"}
    with StoreView(tmp_path / result.name) as view:
        assert all(row.score is None for row in view.table()), "nothing of it is stored"
    report = tmp_path / result.name / "report"
    for name in ("leaderboard.md", "report.html"):
        assert str(cut) in (report / name).read_text(encoding="utf-8")
    shown = CliRunner().invoke(cli, ["runs", "show", result.name, "--home", str(tmp_path)])
    assert str(cut) in shown.output
    listed = CliRunner().invoke(cli, ["runs", "list", "--home", str(tmp_path)])
    assert f"(trial {result.best.number}, cut off), model" in listed.output


def test_without_one_epoch_there_is_no_model_and_it_is_said_why(tmp_path: Path) -> None:
    table = [TrialRow(0, {}, "running"), TrialRow(1, {}, "stopped")]
    with pytest.raises(NoValidTrialError, match=r"1 running, 1 stopped.*no time for one epoch.*resume x --time-budget"):
        require_valid(table, "max", tmp_path / "x")
    with pytest.raises(NoValidTrialError, match=r"1 failed, 1 stopped.*runs show x"):
        require_valid([TrialRow(0, {}, "failed"), *table[1:]], "max", tmp_path / "x")
