"""What may be given as data, as options and as sizes, and what is said of anything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lstm_automl
from lstm_automl.errors import UsageError
from lstm_automl.estimators.preparing import default_name, make_problem, task_of
from lstm_automl.tasks import sources
from lstm_automl.tasks.problem import Problem

X = np.random.default_rng(0).normal(size=(60, 5, 2))
Y = np.repeat(["a", "b"], 30)
TAKEN = "data: give a file, 'demo', 'digits', Sequences or (X, y), X an array (n, time, channels), not "


def problem(data: Any, options: dict[str, Any] | None = None, task: str = "classification", **given: Any) -> Problem:
    return make_problem(task_of(task), options or {}, data, **given)


def stock(task: str, data: Any) -> Any:
    return lambda: lstm_automl.hypermodel(task, data=data)


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    # options that name columns of nothing
    (lambda: problem("digits", {"target": "foo"}), "digits: --target cannot be used: a built-in set comes with its"),
    (lambda: problem("demo", {"allow_nan": True, "static": "x"}), "demo: --static cannot be used"),
    (lambda: problem("digits", {"layout": "NCT"}), "digits: --layout cannot be used"),
    (lambda: problem("demo", {"known": "promo"}, "forecasting"), "demo: --known cannot be used"),
    (lambda: problem((X, Y), {"id": "run"}), "X: --id cannot be used: arrays have no columns"),
    (lambda: lstm_automl.hypermodel("classification", data="digits", target="foo"), "digits: --target cannot be used"),
    # data of other kinds
    (lambda: problem(X), TAKEN + "ndarray"),
    (lambda: problem((X, Y, Y)), TAKEN + "a tuple of 3"),
    (lambda: problem(pd.DataFrame({"t0": [1.0]})), TAKEN + "DataFrame; a table: write it with to_parquet"),
    (lambda: problem("demo", valid=X), TAKEN + "ndarray"),
    (lambda: lstm_automl.search("classification", X), TAKEN + "ndarray"),
    (stock("classification", X), TAKEN + "ndarray"),
    (stock("forecasting", (X, Y)), "series in arrays are what LSTMForecaster(horizon, search=Search(...)).fit(y)"),
    (lambda: problem((X, Y[:3])), "y has shape (3,), but X has 60 sequences: expected (60,)"),
    # sizes
    (lambda: problem("digits", sizes=(100, 20.5)), "split=(100, 20.5): whole numbers are needed, train, valid"),
    (lambda: problem("digits", sizes="100,20"), "split='100,20': whole numbers are needed"),
    (lambda: problem("digits", sizes=100), "split=100: whole numbers are needed"),
    (lambda: problem("digits", sizes=(100, True)), "split=(100, True): whole numbers are needed"),
    (lambda: problem("digits", sizes=(100,)), "--split 100: two or three positive sizes are needed"),
    # options among the settings
    (lambda: lstm_automl.search("forecasting", "demo", horizon=7),
     "horizon is an option of forecasting, not of the search: give options={'horizon': ...}"),
    (lambda: lstm_automl.search("forecasting", "demo", horizn=7), "unknown setting 'horizn'"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "words"), MISTAKES, ids=[words[:60] for _, words in MISTAKES])
def test_what_cannot_be_used_is_one_usage_error(
    make: Callable[[], Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        make()
    assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_arrays_are_data_as_estimators_take_them() -> None:
    made = problem((X, Y), valid=(X[:10], Y[:10]), sizes=None)
    assert made.frame.info["classes"] == ["a", "b"]
    assert made.frame.fields["x"].values.shape == (70 * 5, 2)
    swapped = problem((X.transpose(0, 2, 1), Y), {"layout": "NCT"}, sizes=(np.int64(40), 20))
    assert np.array_equal(swapped.frame.fields["x"].values, X.reshape(-1, 2))
    assert [len(part) for part in (swapped.split.folds[0].train, swapped.split.folds[0].valid)] == [40, 20]
    ragged = [x[: 2 + i % 3] for i, x in enumerate(X)]
    assert len(problem((ragged, np.arange(60.0)), task="regression").frame) == 60
    assert default_name("classification", (X, Y)) == "classification-data"


def test_options_of_the_columns_of_a_file_for_validation_are_read(tmp_path: Path) -> None:
    names = [f"t{i}" for i in range(8)]
    table = pd.DataFrame(np.zeros((4, 8)), columns=names).assign(which=["0", "1", "2", "3"])
    table.to_csv(tmp_path / "valid.csv", index=False)
    train = (np.zeros((40, 8)), np.arange(40) % 4)
    made = problem(train, {"target": "which"}, valid=tmp_path / "valid.csv")
    valid = made.split.folds[0].valid
    assert made.frame.fields["y"].values[valid].tolist() == [0, 1, 2, 3]
    assert made.frame.lengths[valid].tolist() == [8] * 4


def test_a_file_may_have_the_name_of_a_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not sources.is_file("digits")
    Path("digits").touch()
    assert sources.is_file("digits")
    with pytest.raises(UsageError, match="digits: no reader"):
        problem("digits", {"target": "y"})
