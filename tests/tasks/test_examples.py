"""What `tasks show` says of .npz files is what the reader takes: each line of an example is run as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_automl import plugins
from lstm_automl.tasks.task import Task

X = np.arange(24.0).reshape(4, 3, 2)
RAGGED = {"values": X.reshape(-1, 2)[:9], "offsets": np.array([0, 3, 4, 8, 9])}
CASES: dict[str, tuple[dict[str, Any], list[int]]] = {
    "classification": ({"X": X, **RAGGED, "y": np.array(["up", "down", "up", "up"])}, [4, 4]),
    "regression": ({"X": X, **RAGGED, "y": np.array([1.5, 2.0, 2.5, 3.0])}, [4, 4]),
    "forecasting": ({"X": X[0]}, [1]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_npz_of_an_example_can_be_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays, counts = CASES[name]
    task: Task = plugins.load("task", name)()
    lines = [line.strip() for line in task.example().splitlines() if line.startswith("    np.savez(")]
    monkeypatch.chdir(tmp_path)
    for line, count in zip(lines, counts, strict=True):
        eval(line, {"np": np, **arrays})
        data = task.read(Path(line.split('"')[1]), task.options())
        assert len(data) == count
        assert data.values.shape[1] == 2


def test_a_named_channel_of_an_npz_is_what_is_forecast(tmp_path: Path) -> None:
    task: Task = plugins.load("task", "forecasting")()
    np.savez(tmp_path / "sales.npz", X=X, channels=["sales", "promo"])
    data = task.read(tmp_path / "sales.npz", task.options(target="sales", known="promo"))
    assert (data.target_channels, data.known_channels) == ((0,), (1,))
