"""``predict`` writes every number of a forecast, in every format."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bundles import loaded, made

from lstm_automl.cli.main import run
from lstm_automl.data.sequences import Sequences
from lstm_automl.estimators.inference import predict, read
from lstm_automl.estimators.predictions import as_table
from lstm_automl.tasks.forecasting import Forecasting, ForecastingOptions

HORIZON, ROWS = 501, 1600
VALUES = {"units": 4, "window": 24, "patch": 1, "batch_size": 256}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``series.csv`` of two hourly series and two targets, and a model of it."""
    folder = tmp_path_factory.mktemp("forecast")
    rng = np.random.default_rng(0)
    hours = pd.date_range("2024-01-01", periods=ROWS, freq="h")
    parts = [
        pd.DataFrame({"shop": shop, "date": hours, "sales": rng.normal(1e5, 1, ROWS), "visits": rng.normal(size=ROWS)})
        for shop in ("north", "south")
    ]
    pd.concat(parts).to_csv(folder / "series.csv", index=False)
    options = ForecastingOptions(id="shop", horizon=HORIZON)
    data = Forecasting().read(folder / "series.csv", options)
    made(folder, "forecasting", VALUES, data, id="shop", horizon=HORIZON)
    return folder


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_a_forecast_is_a_row_a_series_and_step_and_a_column_a_target(place: Path, suffix: str) -> None:
    out = place / f"out.{suffix}"
    assert run(["predict", str(place / "bundle"), "--data", str(place / "series.csv"), "-o", str(out)]) == 0
    readers = {"csv": pd.read_csv, "parquet": pd.read_parquet, "jsonl": partial(pd.read_json, lines=True)}
    table = readers[suffix](out)
    assert list(table.columns) == ["id", "step", "time", "sales", "visits"]
    assert table["id"].tolist() == ["north"] * HORIZON + ["south"] * HORIZON
    assert table["step"].tolist() == [*range(1, HORIZON + 1)] * 2
    ahead = pd.date_range("2024-01-01", periods=ROWS + HORIZON, freq="h")[ROWS:]
    assert pd.to_datetime(table["time"]).dt.tz_localize(None).tolist() == [*ahead, *ahead]
    predictor = loaded(place / "bundle")
    expected = predictor.predict(read(predictor, place / "series.csv", labelled=False))["prediction"]
    assert expected.shape == (2, HORIZON, 2)
    np.testing.assert_allclose(table[["sales", "visits"]].to_numpy(), expected.reshape(-1, 2), rtol=0, atol=1e-6)


def test_one_target_known_ahead_has_the_times_of_the_future_rows(tmp_path: Path) -> None:
    predictor = loaded(made(tmp_path, "forecasting", VALUES))
    data, _ = predictor.task.demo(0)
    past = np.array(data.values)
    past.reshape(2, -1, 2)[:, -7:, 0] = np.nan
    table = predict(predictor, replace(data, values=past))
    assert list(table.columns) == ["id", "step", "time", "sales"]
    assert data.times is not None
    assert table["time"].tolist()[:7] == pd.DatetimeIndex(data.times[493:500]).tolist()


def _series(times: object) -> Sequences:
    return Sequences(np.zeros((4, 1)), np.array([0, 4]), ("y",), target_channels=(0,), times=np.asarray(times))


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (np.array(["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"], "M8[ns]"), ["2024-05-31", "2024-06-30"]),
        (np.array(["2024-01-31", "2024-02-01", "2024-03-31", "2024-04-30"], "M8[ns]"), [None, None]),
        (np.array([0.0, 0.5, 1.0, 1.5]), [2.0, 2.5]),
        (np.array([0.0, 0.5, 1.0, 9.5]), [None, None]),
    ],
)
def test_times_go_on_as_evenly_as_the_past(times: object, expected: list[object]) -> None:
    table = as_table({"prediction": np.zeros((1, 2))}, _series(times), {"horizon": 2, "targets": ["step"]})
    assert list(table.columns) == ["id", "step", "time", "step_prediction"]
    found = [None if pd.isna(t) else t if isinstance(t, float) else f"{t:%Y-%m-%d}" for t in table["time"]]
    assert found == expected


def test_times_of_data_with_offsets_are_written_as_utc() -> None:
    hours = np.arange("2024-10-27T00", "2024-10-27T04", dtype="M8[h]").astype("M8[ns]")
    data = replace(_series(hours), times_in_utc=True)
    table = as_table({"prediction": np.zeros((1, 2))}, data, {"horizon": 2, "targets": ["y"]})
    assert [str(time) for time in table["time"]] == ["2024-10-27 04:00:00+00:00", "2024-10-27 05:00:00+00:00"]
    bare = as_table({"prediction": np.zeros((1, 2))}, _series(hours), {"horizon": 2, "targets": ["y"]})
    assert str(bare["time"][0]) == "2024-10-27 04:00:00"
