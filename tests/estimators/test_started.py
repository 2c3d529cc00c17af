"""A time budget counts from the call: reading and framing are a part of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from lstm_automl import LSTMClassifier, LSTMForecaster, LSTMRegressor, Search
from lstm_automl.cli.main import cli
from lstm_automl.estimators import flow, storing
from lstm_automl.estimators.effort import Allowance
from lstm_automl.estimators.quiet import no_retracing_advice
from lstm_automl.tasks.problem import Problem

FRAMING = 0.2


class RanError(Exception):
    """The search would begin now."""


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> Callable[[], float]:
    """Seconds of its budget that a search has spent when it begins; framing takes ``FRAMING`` of them at least."""
    found: list[float] = []

    def digest(problem: Problem) -> str:
        time.sleep(FRAMING)
        return real(problem)

    def run(directory: Path, settings: Search, *, started: float, **_: Any) -> None:
        left = Allowance(settings, started).left()
        assert left is not None
        found.append(900 - 8 - left)
        raise RanError

    real = Problem.digest
    monkeypatch.setattr(Problem, "digest", digest)
    monkeypatch.setattr(flow, "run", run)
    return lambda: found[-1]


def test_search(tmp_path: Path, spent: Callable[[], float]) -> None:
    options = ("--home", str(tmp_path), "--time-budget", "15m")
    found = CliRunner().invoke(cli, ["search", "classification", "--data", "demo", "--name", "s", *options])
    assert isinstance(found.exception, RanError)
    assert spent() >= FRAMING


def test_resume(tmp_path: Path, spent: Callable[[], float], monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Search(home=str(tmp_path), track=False)
    problem, space, _ = flow.prepare("classification", "demo", settings)
    storing.create(tmp_path / "s", problem, space, settings)
    request = storing.request

    def slow(directory: Path) -> Any:
        time.sleep(FRAMING)
        return request(directory)

    monkeypatch.setattr(storing, "request", slow)
    found = CliRunner().invoke(cli, ["resume", "s", "--home", str(tmp_path), "--time-budget", "15m"])
    assert isinstance(found.exception, RanError)
    assert spent() >= FRAMING


@pytest.mark.parametrize("made", [LSTMClassifier, LSTMRegressor, LSTMForecaster])
def test_fit(made: Any, tmp_path: Path, spent: Callable[[], float], monkeypatch: pytest.MonkeyPatch) -> None:
    def slow() -> None:
        time.sleep(FRAMING)
        no_retracing_advice()

    monkeypatch.setattr("lstm_automl.estimators.base.no_retracing_advice", slow)
    search = Search(home=str(tmp_path), time_budget=900.0)
    forecaster = made is LSTMForecaster
    data: tuple[Any, ...] = (np.sin(np.arange(200) / 4),)
    if not forecaster:
        data = (np.random.default_rng(0).normal(size=(60, 8)), np.arange(60) % 3)
    model = made(3, search=search) if forecaster else made(search=search)
    with pytest.raises(RanError):
        model.fit(*data)
    assert spent() >= 2 * FRAMING
