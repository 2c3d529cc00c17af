"""Scores of forecasts against sums by hand, and the floors."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from forecasting_data import series

from lstm_automl.data.sequences import Parts
from lstm_automl.errors import DataError
from lstm_automl.tasks.forecasting import Forecasting, ForecastingOptions
from lstm_automl.tasks.metrics import forecast
from lstm_automl.tasks.metrics.forecast import forecast_scores, seasonal_naive_scale
from lstm_automl.tasks.series_season import frequency
from lstm_automl.tasks.task import Prepared, State

TASK = Forecasting()
DATA = Path(os.environ.get("LSTM_AUTOML_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


def prepared(*lengths: int, **options) -> tuple[Prepared, ForecastingOptions]:
    chosen = ForecastingOptions(**options)
    return TASK.prepare(Parts(series(*lengths, channels=2)), chosen), chosen


def test_scores_by_hand() -> None:
    truth = np.array([[[10.0, 1.0], [20.0, 0.0]]])  # one origin, two steps, two targets
    wanted = np.array([[[12.0, 1.0], [16.0, 0.0]]])  # errors 2 0 / 4 0
    mean, std = np.array([5.0, 0.0]), np.array([2.0, 4.0])
    scores = forecast_scores(
        (wanted - mean) / std, lambda part: truth[part], np.array([[4.0, 1.0]]), mean, std, np.array([2.0, 1.0])
    )
    assert scores == pytest.approx(
        {
            "mase": (2 / 4 + 4 / 4) / 4,
            "rmse": np.sqrt(20 / 4),
            "mae": 6 / 4,
            "mse": 20 / 4,
            "smape": 100 * (2 * 2 / 22 + 2 * 4 / 36) / 4,
            "mse_scaled": (1 + 4) / 4,
            "mae_scaled": (1 + 2) / 4,
        }
    )


def test_blocks_do_not_change_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    made, options = prepared(400, 300, horizon=6)
    part = made.split.test
    state = TASK.fit_state(made.frame, made.split.refit, options)
    outputs = np.random.default_rng(1).normal(size=(len(part), 6, 2)).astype(np.float32)
    whole = TASK.score(made.frame, part, outputs, state)
    monkeypatch.setattr(forecast, "BLOCK", 25)
    assert TASK.score(made.frame, part, outputs, state) == pytest.approx(whole)


def test_not_finite_outputs_have_no_score() -> None:
    made, options = prepared(400, horizon=6)
    part = made.split.test
    state = TASK.fit_state(made.frame, made.split.refit, options)
    for bad in (np.nan, np.inf):
        outputs = np.zeros((len(part), 6, 2), np.float32)
        outputs[3, 2, 1] = bad
        assert all(np.isnan(v) for v in TASK.score(made.frame, part, outputs, state).values())


def test_scale_of_mase() -> None:
    values = np.array([[1.0, 7.0], [2.0, 7.0], [4.0, 7.0], [np.nan, 7.0], [9.0, 7.0]])
    np.testing.assert_allclose(seasonal_naive_scale(values, 2), [(3 + 5) / 2, np.nan])
    np.testing.assert_allclose(seasonal_naive_scale(values, 50), [(1 + 2) / 2, np.nan])
    assert np.isnan(seasonal_naive_scale(values[:1], 1)).all()


def test_every_series_and_target_has_a_scale_of_its_own() -> None:
    made, options = prepared(1000, 900, horizon=6, season=3)
    state = TASK.fit_state(made.frame, made.split.folds[0].train, options)
    x = made.frame.fields["x"].values
    wanted = [np.abs(x[3 + a : a + n] - x[a : a + n - 3]).mean(axis=0) for a, n in ((0, 600), (1000, 540))]
    np.testing.assert_allclose(state.arrays["naive_scale"], wanted)
    part = made.split.folds[0].valid
    outputs = np.zeros((len(part), 6, 2))
    steps = made.frame.examples["end"][part][:, None] + np.arange(6)
    error = np.abs(x[steps] - state.arrays["y_mean"])
    scale = np.array(wanted)[made.frame.examples["sequence"][part]][:, None, :]
    assert TASK.score(made.frame, part, outputs, state)["mase"] == pytest.approx((error / scale).mean())


def test_a_constant_series_takes_the_scale_of_the_others() -> None:
    data = series(600, 600, 600)
    data.values[:600] = 5.0
    options = ForecastingOptions(horizon=6)
    made = TASK.prepare(Parts(data), options)
    scale = TASK.fit_state(made.frame, made.split.refit, options).arrays["naive_scale"][:, 0]
    assert scale[0] == pytest.approx((scale[1] + scale[2]) / 2)


def test_scalers_follow_training_rows_of_all_series() -> None:
    made, options = prepared(1000, 900, horizon=6)
    state = TASK.fit_state(made.frame, made.split.folds[0].train, options).arrays
    x = made.frame.fields["x"].values
    rows = np.concatenate([x[:600], x[1000:1540]])
    np.testing.assert_allclose(state["x_mean"], rows.mean(axis=0))
    np.testing.assert_allclose(state["x_std"], rows.std(axis=0))
    np.testing.assert_array_equal(state["y_std"], state["x_std"])


def test_scaled_scores_keep_the_scale_of_the_training_part() -> None:
    made, options = prepared(1000, horizon=6)
    state = TASK.fit_state(made.frame, made.split.refit, options)
    np.testing.assert_allclose(made.frame.info["scaled_by"], made.frame.fields["x"].values[:600].std(axis=0))
    outputs = np.zeros((len(made.split.test), 6, 2))
    doubled = {**made.frame.info, "scaled_by": [2 * v for v in made.frame.info["scaled_by"]]}
    one = TASK.score(made.frame, made.split.test, outputs, state)
    two = TASK.score(type(made.frame)(made.frame.fields, made.frame.examples, doubled), made.split.test, outputs, state)
    assert two["mse_scaled"] == pytest.approx(one["mse_scaled"] / 4)
    assert two["mae_scaled"] == pytest.approx(one["mae_scaled"] / 2)
    assert two["mase"] == one["mase"]


def test_an_origin_at_the_end_cannot_be_scored() -> None:
    made, options = prepared(400, horizon=6)
    state = TASK.fit_state(made.frame, made.split.refit, options)
    framed = TASK.frame(series(100, channels=2), options, made.frame.info)
    with pytest.raises(DataError, match="cannot be scored: the 6 rows after an origin are not known"):
        TASK.score(framed, np.arange(1), np.zeros((1, 6, 2)), state)


def test_floors_by_hand() -> None:
    made, options = prepared(600, horizon=5, season=3)
    found = TASK.baselines(made, options)
    part, x = made.split.test, made.frame.fields["x"].values
    end = made.frame.examples["end"][part]
    truth = x[end[:, None] + np.arange(5)]
    last = np.abs(truth - x[end - 1][:, None]).mean()
    season = np.abs(truth - x[end[:, None] + np.array([-3, -2, -1, -3, -2])]).mean()
    assert found["repeat_last"]["test"]["mae"] == pytest.approx(last)
    assert found["seasonal_naive"]["test"]["mae"] == pytest.approx(season)
    assert sorted(found) == ["repeat_last", "ridge", "seasonal_naive"]
    without, options = prepared(600, horizon=5, season=1)
    assert sorted(TASK.baselines(without, options)) == ["repeat_last", "ridge"]


def test_ridge_learns_a_linear_series_and_uses_what_is_known() -> None:
    rng = np.random.default_rng(3)
    known = rng.normal(size=900)
    values = np.stack([np.sin(np.arange(900) / 5) + 2 * known, known], axis=1)
    data = series(900, channels=2, target_channels=(0,), known_channels=(1,))
    data.values[:] = values
    options = ForecastingOptions(horizon=4)
    made = TASK.prepare(Parts(data), options)
    known_ahead = TASK.baselines(made, options)["ridge"]["test"]["rmse"]
    assert known_ahead < 0.8
    hidden = series(900, channels=2, target_channels=(0,))
    hidden.values[:] = values
    assert TASK.baselines(TASK.prepare(Parts(hidden), options), options)["ridge"]["test"]["rmse"] > 1.8


@pytest.mark.parametrize(("horizon", "figure"), [(24, 0.424), (48, 0.465), (168, 0.571)])
def test_published_floor_of_etth1(horizon: int, figure: float) -> None:
    path = DATA / "forecasting" / "etth1" / "ETTh1.csv.gz"
    if not path.exists():
        pytest.skip(f"no data in {DATA}; set LSTM_AUTOML_DATA")
    options = ForecastingOptions(horizon=horizon)
    made = TASK.prepare(Parts(TASK.read(path, options)), options, sizes=(8640, 2880, 2880))
    scores = TASK.baselines(made, options)
    assert scores["seasonal_naive"]["test"]["mse_scaled"] == pytest.approx(figure, abs=5e-4)
    assert scores["ridge"]["test"]["mse_scaled"] < figure


@pytest.mark.parametrize(
    ("stamps", "wanted"),
    [
        (np.arange("2020-01", "2024-01", dtype="datetime64[M]"), ("monthly", 12)),
        (np.arange("2020-01-01", "2020-03-01", dtype="datetime64[D]"), ("daily", 7)),
        (np.arange("2020-01-01", "2023-03-01", 7, dtype="datetime64[D]"), ("weekly", 52)),
        (np.arange("2000-01", "2023-01", 3, dtype="datetime64[M]"), ("quarterly", 4)),
        (np.arange("1900", "2023", dtype="datetime64[Y]"), ("yearly", 1)),
        (np.arange("2020-01-01T00", "2020-01-05T00", 15, dtype="datetime64[m]"), ("every 15 minutes", 96)),
        (np.arange("2020-01-01T00", "2020-01-05T00", 6, dtype="datetime64[h]"), ("every 6 hours", 4)),
        (np.arange("2020-01-01T00", "2020-01-05T00", 7, dtype="datetime64[h]"), ("every 7 hours", 1)),
        (np.arange("2020-01-01T00:00:00", "2020-01-01T00:05:00", dtype="datetime64[s]"), ("every 1 seconds", 1)),
        (np.array([d for d in np.arange("2020-01-06", "2020-03-01", dtype="datetime64[D]")
                   if np.is_busday(d)]), ("business daily", 5)),
        (np.arange(50.0), (None, 1)),
        (None, (None, 1)),
    ],
)  # fmt: skip
def test_season_from_times(stamps, wanted: tuple[str | None, int]) -> None:
    n = 0 if stamps is None else len(stamps)
    assert frequency(stamps, np.array([0, n])) == wanted


def test_the_border_between_series_is_no_gap() -> None:
    days = np.arange("2020-01-01", "2020-01-03", dtype="datetime64[D]")
    stamps = np.concatenate([days + 400 * i for i in range(20)])
    assert frequency(stamps, np.arange(21) * 2) == ("daily", 7)


def test_state_knows_series_by_name() -> None:
    made, options = prepared(1000, 900, horizon=6)
    state = TASK.fit_state(made.frame, made.split.refit, options)
    data = series(100, 80, channels=2, ids=np.array(["b", "new"]))
    framed = TASK.labelled_frame(data, options, made.frame.info)
    part = np.arange(len(framed))
    outputs = np.zeros((len(part), 6, 2))
    scales = state.arrays["naive_scale"]
    of_new = np.median(scales, axis=0)
    x, sequence = data.values, framed.examples["sequence"]
    error = np.abs(x[framed.examples["end"][:, None] + np.arange(6)] - state.arrays["y_mean"])
    wanted = error / np.array([scales[1], of_new])[sequence][:, None, :]
    assert TASK.score(framed, part, outputs, State(state.info, state.arrays))["mase"] == pytest.approx(wanted.mean())
