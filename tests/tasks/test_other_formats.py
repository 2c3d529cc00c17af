"""Parts of one search, and what its model is asked about later, may come in different formats."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstm_automl.errors import DataError, UsageError
from lstm_automl.estimators import inference
from lstm_automl.estimators.preparing import make_problem, task_of
from lstm_automl.tasks.problem import Problem

N, STEPS = 20, 6
X = np.random.default_rng(0).normal(size=(N, STEPS))
Y = np.arange(N) % 2


def written(folder: Path, suffix: str) -> Path:
    path = folder / f"wide{suffix}"
    if suffix == ".npz":
        np.savez(path, X=X, y=Y)
    elif suffix == ".ts":
        lines = [f"{','.join(map(repr, row.tolist()))}:{label}" for row, label in zip(X, Y, strict=True)]
        path.write_text("@univariate true\n@classLabel true 0 1\n@data\n" + "\n".join(lines))
    else:
        table = pd.DataFrame(X, columns=[f"t{i}" for i in range(STEPS)]).assign(label=Y)
        table.to_parquet(path) if suffix == ".parquet" else table.to_csv(path, index=False)
    return path


def problem(train: Path, test: Path, **options: Any) -> Problem:
    return make_problem(task_of("classification"), options, str(train), test=str(test))


@pytest.mark.parametrize("test", [".csv", ".parquet", ".npz", ".ts"])
@pytest.mark.parametrize("train", [".csv", ".parquet", ".npz", ".ts"])
def test_a_test_part_of_any_format(train: str, test: str, tmp_path: Path) -> None:
    made = problem(written(tmp_path, train), written(tmp_path, test))
    assert made.split.test is not None
    values, y = made.frame.fields["x"].values, made.frame.fields["y"].values
    np.testing.assert_array_equal(values[: N * STEPS], values[N * STEPS :])
    np.testing.assert_array_equal(y[:N], y[made.split.test])


def test_columns_named_for_a_table_are_no_mistake_of_arrays(tmp_path: Path) -> None:
    table = tmp_path / "long.csv"
    rows = [f"r{i},{t},{X[i, t]},{X[i, t] ** 2},{Y[i]},1" for i in range(N) for t in range(STEPS)]
    table.write_text("run,t,speed,load,label,w\n" + "\n".join(rows))
    arrays, options = tmp_path / "test.npz", {"id": "run", "time": "t", "weight": "w"}
    np.savez(arrays, X=np.stack([X, X**2], axis=2), y=Y, channels=np.array(["speed", "load"]))
    made = problem(table, arrays, **options)
    assert made.frame.info["channels"] == ["speed", "load"]
    np.savez(arrays, X=np.stack([X, X**2], axis=2), y=Y)
    with pytest.raises(DataError, match=r"test\.npz: channels channel_0, channel_1, but long\.csv has speed, load"):
        problem(table, arrays, **options)


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".ts"])
def test_a_model_of_a_table_reads_any_format(suffix: str, tmp_path: Path) -> None:
    made = problem(written(tmp_path, ".csv"), written(tmp_path, ".csv"))
    model: Any = SimpleNamespace(task=made.task, options=made.options)
    data = inference.read(model, written(tmp_path, suffix), labelled=True)
    frame = made.task.frame(data, made.options, made.frame.info)
    np.testing.assert_array_equal(frame.fields["y"].values, Y)


def test_groups_and_weights_are_for_training(tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", written(tmp_path, ".csv")
    table = pd.read_csv(test).assign(site=np.arange(N) // 2, trust=2.0)
    table.to_csv(train, index=False)
    made = problem(train, test, group="site", weight="trust")
    assert made.frame.fields["weight"].values.tolist() == [2.0] * N + [1.0] * N
    model: Any = SimpleNamespace(task=made.task, options=made.options)
    assert len(inference.read(model, test, labelled=True)) == N
    with pytest.raises(DataError, match="no group column 'site'"):
        problem(test, test, group="site")


def test_arrays_refuse_column_names_of_their_own_search(tmp_path: Path) -> None:
    arrays = written(tmp_path, ".npz")
    with pytest.raises(DataError, match=r"--weight cannot be used: an \.npz file has arrays, not columns"):
        problem(arrays, arrays, weight="w")


def test_the_demo_is_no_test_part() -> None:
    with pytest.raises(UsageError, match="'demo' is given with --data alone"):
        make_problem(task_of("classification"), {}, "demo", test="demo")
