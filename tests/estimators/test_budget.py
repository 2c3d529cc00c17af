"""A whole search under a time budget: it ends, with a model, whatever is short or slow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lstm_automl.estimators import flow
from lstm_automl.estimators.request import Search
from lstm_automl.estimators.result import SearchResult
from lstm_automl.search.contracts import RungResult
from lstm_automl.search.driver import Driver, JobRequest
from lstm_automl.tasks.classification import Classification

BUDGET = 25.0
SMALL = {"front_end": "none", "units": 16, "num_layers": 1, "cell": "lstm", "augment": "none"}


def _search(tmp_path: Path, **more: Any) -> SearchResult:
    settings = Search(home=str(tmp_path), track=False, cv=1, workers=2, set=SMALL, **more)
    return flow.search("classification", "demo", settings=settings)


def test_a_search_without_end_ends_with_a_model(tmp_path: Path) -> None:
    result = _search(tmp_path, time_budget=BUDGET, max_trials=100_000, max_epochs=20)
    assert result.test
    assert (result.path / "model.keras").is_file()
    assert result.baselines


def test_without_time_to_refit_the_model_is_the_searchs_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Driver.run

    def cut(self: Driver, requests: Sequence[JobRequest], *, seconds: float | None = None) -> list[RungResult]:
        return run(self, requests, seconds=0.0)

    def slow(*_: Any) -> Any:
        raise ValueError("no floor")

    monkeypatch.setattr(Driver, "run", cut)
    monkeypatch.setattr(Classification, "baselines", slow)
    result = _search(tmp_path, max_trials=1, max_epochs=2, time_budget=1000.0)
    assert any("has not seen the validation part" in note for note in result.notes)
    assert any("no floors (ValueError: no floor)" in note for note in result.notes)
    assert result.test
