"""What forecasting reads: future rows, missing values, categories, arrays in memory, files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from forecasting_data import series

from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.errors import DataError
from lstm_automl.tasks.forecasting import Forecasting, ForecastingOptions
from lstm_automl.tasks.forecasting_demo import demo_series
from lstm_automl.tasks.series_arrays import sequences_from_arrays

TASK = Forecasting()


def framed(data: Sequences, **options):
    chosen = ForecastingOptions(**options)
    return TASK.prepare(Parts(data), chosen), chosen


def with_future(rows: int, *, gap: int | None = None) -> Sequences:
    """The demo, its last rows without sales; ``gap``: how many of them still name the promotion."""
    data = demo_series()
    values = data.values.copy()
    for end in data.offsets[1:]:
        values[end - rows : end, 0] = np.nan
        if gap is not None:
            values[end - rows + gap : end, 1] = np.nan
    return replace(data, values=values)


def test_a_forecast_starts_after_the_last_target() -> None:
    made, options = framed(demo_series(), horizon=7)
    info = json.loads(json.dumps(dict(made.frame.info)))
    frame = TASK.frame(with_future(10), options, info)
    assert frame.examples["end"].tolist() == [490, 990]
    assert frame.examples["low"].tolist() == [0, 500]
    assert frame.info["series"] == ["north", "south"]
    assert np.array_equal(frame.fields["x"].values[490:497, 1], demo_series().values[490:497, 1])
    with pytest.raises(DataError) as caught:
        TASK.frame(with_future(5), options, info)
    assert str(caught.value) == (
        "demo: series 'north' needs 7 future rows of 'promo' (known ahead, targets left empty) after its last row; "
        "it has 5"
    )


def test_known_covariates_must_reach_the_horizon() -> None:
    made, options = framed(demo_series(), horizon=7)
    with pytest.raises(DataError, match="row 496, column 'promo': missing value"):
        TASK.frame(with_future(10, gap=5), options, made.frame.info)
    with pytest.raises(DataError, match="it has 5"):
        TASK.frame(with_future(5), options, made.frame.info)


def test_future_rows_of_a_training_file_are_not_trained_on() -> None:
    made, _ = framed(with_future(10), horizon=7)
    assert np.array_equal(np.diff(made.frame.fields["x"].offsets), [490, 490])
    assert np.isfinite(made.frame.fields["x"].values).all()


def test_columns_are_found_by_name() -> None:
    data = series(300, channels=3, target_channels=(0, 2))
    made, options = framed(data, horizon=5)
    assert made.frame.info["targets"] == ["c0", "c2"]
    assert TASK.head(made.frame, {"loss": "huber"}).outputs == 2
    turned = replace(data, values=data.values[:, ::-1], channels=data.channels[::-1], target_channels=())
    assert np.array_equal(TASK.frame(turned, options, made.frame.info).fields["x"].values, data.values)
    with pytest.raises(DataError, match="column 'c2' is missing"):
        TASK.frame(replace(data, channels=("c0", "c1", "x")), options, made.frame.info)


def test_every_column_not_known_ahead_is_a_target_by_default() -> None:
    made, _ = framed(series(300, channels=3, target_channels=(), known_channels=(1,)), horizon=5)
    assert made.frame.info["target_channels"] == [0, 2]


def test_missing_values_are_named_or_masked() -> None:
    data = series(400, 300, channels=2, target_channels=(0,))
    data.values[[410, 420], 1] = np.nan
    with pytest.raises(DataError) as caught:
        framed(data, horizon=5)
    assert str(caught.value) == (
        "made.csv: series 'b', row 11, column 'c1': missing value (NaN), the first of 2; "
        "--allow-nan masks missing values"
    )
    made, options = framed(data, horizon=5, allow_nan=True)
    x = made.frame.fields["x"].values
    assert made.frame.info["indicators"] == [1]
    assert np.flatnonzero(x[:, 2]).tolist() == [410, 420]
    state = TASK.fit_state(made.frame, made.split.refit, options)
    assert (state.arrays["x_mean"][2], state.arrays["x_std"][2]) == (0, 1)
    assert np.isfinite(np.concatenate([*state.arrays.values()], axis=None)).all()
    assert TASK.frame(series(50, channels=2), options, made.frame.info).features == 3


@pytest.mark.parametrize(
    ("name", "at", "message"),
    [
        ("mood", 410, "made.csv: series 'b', row 11, column 'mood': missing value; --allow-nan masks missing values"),
        ("day", 697, "made.csv: series 'b', row 298, column 'day': missing value"),
        ("kind", 1, "made.csv: series 'b', static column 'kind': missing value"),
        ("mood", 697, None),
    ],
)
def test_missing_categories_are_named_but_for_those_to_come(name: str, at: int, message: str | None) -> None:
    steps = {"day": np.full(700, "mo"), "mood": np.full(700, "up")}
    data = series(
        400, 300, categories={"kind": np.array(["x", "y"]), **steps}, static_categories=("kind",),
        known_categories=("day",),
    )  # fmt: skip
    made, options = framed(data, horizon=5)
    data.values[395:400] = data.values[695:] = np.nan
    data.categories[name][at] = ""
    if message is None:
        TASK.frame(data, options, made.frame.info)
    else:
        with pytest.raises(DataError) as caught:
            TASK.frame(data, options, made.frame.info)
        assert message in str(caught.value)
    masked = framed(data, horizon=5, allow_nan=True)
    assert TASK.frame(data, masked[1], masked[0].frame.info).features == made.frame.features


def test_an_origin_with_a_missing_target_ahead_is_left_out() -> None:
    data = series(400)
    data.values[100] = np.nan
    made, options = framed(data, horizon=5, allow_nan=True)
    ends = made.frame.examples["end"]
    assert not np.isin(np.arange(96, 101), ends).any()
    assert np.isin([95, 101], ends).all()
    assert all(np.isfinite(v) for f in TASK.baselines(made, options).values() for s in f.values() for v in s.values())


def test_gaps_after_training_do_not_add_channels() -> None:
    data = series(1000, channels=2, target_channels=(0,))
    data.values[900, 1] = np.nan
    assert framed(data, horizon=5, allow_nan=True)[0].frame.features == 2


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda v: v.__setitem__((7, 1), np.inf), "made.csv: row 8, column 'c1': infinite value (inf)"),
        (lambda v: v.__setitem__((slice(None), 1), np.nan), "every value of 'c1' is missing"),
    ],
)
def test_values_nobody_can_learn_from(spoil, message: str) -> None:
    data = series(300, channels=2)
    spoil(data.values)
    with pytest.raises(DataError) as caught:
        framed(data, horizon=5, allow_nan=True)
    assert message in str(caught.value)


def test_no_rows_and_no_targets_are_refused() -> None:
    with pytest.raises(DataError, match=r"made.csv: no rows"):
        framed(series(0), horizon=5)
    with pytest.raises(DataError, match="series 'b' has no target value"):
        framed(series(300, 0), horizon=5)
    with pytest.raises(DataError, match="none is left to be forecast"):
        framed(series(300, target_channels=(), known_channels=(0,)), horizon=5)


def test_categories_become_channels_of_what_training_saw() -> None:
    data = series(
        400, 300,
        categories={"kind": np.array(["x", "y"]), "day": np.array(["mo", "tu"])[np.arange(700) % 2]},
        static_categories=("kind",), known_categories=("day",),
        static=np.array([[1.0], [3.0]]), static_names=("size",),
    )  # fmt: skip
    data.categories["day"][395] = "late"
    made, options = framed(data, horizon=5)
    assert made.frame.info["vocabulary"] == {"kind": ["x", "y"], "day": ["mo", "tu"]}
    assert made.frame.info["known_channels"] == [1, 2]
    assert made.frame.fields["x"].values[395, 1:].tolist() == [0, 0]
    assert made.frame.fields["static"].values.tolist() == [[1, 1, 0], [3, 0, 1]]
    state = TASK.fit_state(made.frame, made.split.refit, options).arrays
    assert state["static_mean"].tolist() == [2, 0, 0]
    assert state["x_std"][1:].tolist() == [1, 1]
    data.values[[399 - i for i in range(5)] + [699 - i for i in range(5)]] = np.nan
    assert TASK.frame(data, options, made.frame.info).examples["end"].tolist() == [395, 695]


def test_a_category_later_than_the_training_rows_of_a_fold_is_unknown_there() -> None:
    data = series(160, categories={"day": np.array(["mo", "tu"])[(np.arange(160) >= 75).astype(int)]})
    made, options = framed(data, horizon=3)
    folds = made.split.folds
    assert made.frame.info["vocabulary"] == {"day": ["mo", "tu"]}
    first, last = (TASK.fit_state(made.frame, f.train, options).arrays["x_std"][-1] for f in (folds[0], folds[-1]))
    assert made.frame.examples["end"][folds[0].train].max() + 3 <= 75
    assert 1 / first < 1e-20
    assert last == 1


def test_weights_of_series_become_those_of_origins() -> None:
    made, _ = framed(series(400, 300, weights=np.array([1.0, 5.0])), horizon=5)
    weight = made.frame.fields["weight"].values
    assert np.array_equal(weight, np.array([1.0, 5.0])[made.frame.examples["sequence"]])


def test_predictions_come_back_in_original_units() -> None:
    made, options = framed(series(400, channels=2), horizon=5)
    state = TASK.fit_state(made.frame, made.split.refit, options)
    part = made.split.test
    steps = made.frame.examples["end"][part][:, None] + np.arange(5)
    truth = made.frame.fields["x"].values[steps]
    outputs = (truth - state.arrays["y_mean"]) / state.arrays["y_std"]
    np.testing.assert_allclose(TASK.decode(made.frame, part, outputs, state)["prediction"], truth)
    single, options = framed(series(400), horizon=5)
    state = TASK.fit_state(single.frame, single.split.refit, options)
    assert TASK.decode(single.frame, part, outputs[:, :, :1], state)["prediction"].shape == (len(part), 5)


def test_evaluation_takes_every_origin_with_all_targets() -> None:
    made, options = framed(demo_series(), horizon=7)
    frame = TASK.labelled_frame(with_future(10), options, made.frame.info)
    assert len(frame) == 2 * (490 - 7 - 7 + 1)
    with pytest.raises(DataError, match="a series needs 14 rows with all targets"):
        TASK.labelled_frame(replace(series(13, channels=2), channels=("sales", "promo")), options, made.frame.info)


def test_files_are_read(tmp_path: Path) -> None:
    demo = demo_series()
    lines = ["shop,date,sales,promo"]
    for i, name in enumerate(demo.ids):
        rows = range(demo.offsets[i], demo.offsets[i + 1])
        lines += [f"{name},{str(demo.times[r])[:10]},{demo.values[r, 0]},{demo.values[r, 1]:g}" for r in rows]
    future = [f"{name},2024-05-{16 + d},,{d % 2}" for name in demo.ids for d in range(7)]
    (tmp_path / "shops.csv").write_text("\n".join(lines))
    (tmp_path / "next.csv").write_text("\n".join(lines + future))
    options = ForecastingOptions(id="shop", target="sales", known="promo", horizon=7)
    made = TASK.prepare(Parts(TASK.read(tmp_path / "shops.csv", options)), options)
    wanted = TASK.prepare(Parts(demo), options)
    assert np.array_equal(made.frame.fields["x"].values, wanted.frame.fields["x"].values)
    assert made.frame.info == wanted.frame.info
    frame = TASK.frame(TASK.read(tmp_path / "next.csv", options, labelled=False), options, made.frame.info)
    assert frame.examples["end"].tolist() == [500, 1007]
    assert frame.fields["x"].values[500:507, 1].tolist() == [0, 1, 0, 1, 0, 1, 0]


def test_arrays_of_one_or_many_series() -> None:
    one = sequences_from_arrays(np.arange(5.0))
    assert (one.values.shape, one.channels, one.ids.tolist()) == ((5, 1), ("y",), ["0"])
    many = sequences_from_arrays(
        [np.ones((4, 2)), np.ones((3, 2))],
        observed=[np.zeros(4), np.zeros(3)],
        known=[np.arange(6), np.arange(5)],
        series=["a", "b"],
    )
    assert many.channels == ("y_0", "y_1", "observed", "known")
    assert (many.target_channels, many.known_channels) == ((0, 1), (3,))
    assert many.offsets.tolist() == [0, 6, 11]
    assert np.isnan(many.values[[4, 5, 9, 10], :3]).all()
    assert many.values[[4, 5, 9, 10], 3].tolist() == [4, 5, 3, 4]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sequences_from_arrays(np.ones((2, 3, 4))), "must be (T,) or (T, columns) and not empty"),
        (lambda: sequences_from_arrays([]), "y of series 0 must be (T,)"),
        (lambda: sequences_from_arrays(["a", "b"]), "y of series 0 is not an array of numbers"),
        (lambda: sequences_from_arrays([1.0, np.inf]), "y of series 0 has an infinite value in row 1"),
        (lambda: sequences_from_arrays([np.ones(3), np.ones((3, 2))]), "y: every series must have the same columns"),
        (lambda: sequences_from_arrays(np.ones(3), known=np.ones(2)), "known of series 0 has 2 rows, y has 3"),
        (lambda: sequences_from_arrays(np.ones(3), observed=np.ones(4)), "observed of series 0 has 4 rows, y has 3"),
        (lambda: sequences_from_arrays([np.ones(3)] * 2, known=[np.ones(3)]), "known has 1 series, y has 2"),
        (lambda: sequences_from_arrays([np.ones(3)] * 2, series=["a"]), "series: 1 names for 2 series"),
        (lambda: sequences_from_arrays([np.ones(3)] * 2, series=["a", "a"]), "series: names must differ"),
    ],
)
def test_arrays_that_do_not_fit(call, message: str) -> None:
    with pytest.raises(DataError) as caught:
        call()
    assert message in str(caught.value)


def test_options_are_checked() -> None:
    for wrong in ({"horizon": 0}, {"season": 0}, {"stride": 0}, {"history": 0}, {"horizons": 3}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ForecastingOptions(**wrong)
