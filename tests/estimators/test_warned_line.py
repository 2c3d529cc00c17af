"""Warnings of ``fit`` point at the line that called it."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from lstm_automl import LSTMClassifier, LSTMForecaster, LSTMRegressor, Search
from lstm_automl.errors import StateError
from lstm_automl.estimators import flow
from lstm_automl.models import fit
from lstm_automl.search.cut_off import CutOff


def _files(caught: list[warnings.WarningMessage]) -> list[str]:
    return [w.filename for w in caught if w.category is ConvergenceWarning]


def test_of_a_training_that_diverged(
    cube: Any, labels: Any, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fit.fit_problem

    def diverging(*args: Any, **given: Any) -> Any:
        trainer, result = real(*args, **given)
        return trainer, replace(result, status="diverged")

    monkeypatch.setattr(fit, "fit_problem", diverging)
    with pytest.warns(ConvergenceWarning, match="diverged after epoch") as caught:
        LSTMClassifier(**{**tiny, "max_epochs": 1}).fit(cube, labels)
    assert _files(list(caught)) == [__file__]


@pytest.mark.parametrize("kind", [LSTMClassifier, LSTMRegressor, LSTMForecaster])
def test_of_a_search_that_was_cut_off(kind: Any, cube: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(cut_off=CutOff(1, 1, 9, 1, 1), path=tmp_path / "none")
    monkeypatch.setattr(flow, "run", lambda *_, **__: found)
    data = (np.sin(np.arange(120) / 4),) if kind is LSTMForecaster else (cube, np.arange(60) % 3)
    with pytest.warns(ConvergenceWarning, match="time budget: no trial") as caught, pytest.raises(StateError):
        kind(search=Search(max_trials=1)).fit(*data)
    assert _files(list(caught)) == [__file__]
