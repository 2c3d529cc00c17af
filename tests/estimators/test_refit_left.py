"""A finished search keeps no refit's checkpoint, and needs none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lstm_automl.estimators import flow, storing
from lstm_automl.estimators.request import Search
from lstm_automl.search.driver import Driver
from lstm_automl.search.executors.ready import at_hand
from lstm_automl.search.view import StoreView

SMALL = {"front_end": "none", "units": 4, "num_layers": 1, "cell": "lstm", "augment": "none"}


def _weights(directory: Path) -> list[Any]:
    with StoreView(directory) as view:
        assert [job.spec.purpose for job in view.jobs()] == ["search", "refit", "refit"]
    return [np.asarray(w) for w in keras.models.load_model(directory / "bundle" / "model.keras").get_weights()]


def _refits(directory: Path, pattern: str = "attempt-*") -> int:
    return sum(len(list(directory.glob(f"jobs/00000{job}/{pattern}"))) for job in (1, 2))


@pytest.mark.slow
def test_refits_leave_none_and_are_trained_again_where_the_model_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Search(
        home=str(tmp_path), name="s", track=False, cv=1, workers=2, set=SMALL, max_trials=1, max_epochs=1, ensemble=2
    )
    problem, space, _ = flow.prepare("classification", "demo", settings)
    directory = storing.create(tmp_path / "s", problem, space, settings)
    clean: Callable[[Driver], None] = Driver.clean_refits

    def killed(driver: Driver) -> None:
        raise KeyboardInterrupt

    with at_hand():
        monkeypatch.setattr(Driver, "clean_refits", killed)
        with pytest.raises(KeyboardInterrupt):
            flow.run(directory, settings)
        assert _refits(directory, "*/checkpoint.npz") == 2
        monkeypatch.setattr(Driver, "clean_refits", clean)
        assert flow.run(directory, settings).looks == 1
        assert (_refits(directory, "*/checkpoint.npz"), _refits(directory)) == (0, 2)
        weights = _weights(directory)
        assert flow.run(directory, settings).looks == 1
        assert _refits(directory) == 2, "a refit was trained for nobody"
        shutil.rmtree(directory / "bundle")
        assert flow.run(directory, settings).looks == 2
    assert (_refits(directory, "*/checkpoint.npz"), _refits(directory)) == (0, 4)
    again = _weights(directory)
    assert all(np.array_equal(a, b) for a, b in zip(weights, again, strict=True))
