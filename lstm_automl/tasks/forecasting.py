"""Forecasting: the next steps of one or many series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Option

from lstm_automl.data.frame import Frame
from lstm_automl.data.load import load
from lstm_automl.data.options import DataOptions
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.data.split import Fold, Index, Split
from lstm_automl.errors import DataError, UsageError
from lstm_automl.tasks import baselines_series
from lstm_automl.tasks.forecasting_demo import EXAMPLE, demo_series
from lstm_automl.tasks.forecasting_frame import channel_info, every_origin, last_origins, make_frame
from lstm_automl.tasks.forecasting_parts import Bounds, Stretch, bounds_of_files, bounds_of_sizes, plan
from lstm_automl.tasks.forecasting_state import fit_series, scales_of, truth_of
from lstm_automl.tasks.metrics.forecast import forecast_scores
from lstm_automl.tasks.series_rows import check_series, head, joined, past_lengths, same_columns, series_names
from lstm_automl.tasks.series_season import frequency
from lstm_automl.tasks.task import HeadSpec, Metric, Outputs, Prepared, Scores, State, TaskOptions

MOST_VALIDATED = 10_000
"""Origins of a validation part scored after every epoch; more are thinned evenly unless a stride is given."""
MOST_NUMBERS = 20_000_000
"""Forecast numbers of a validation part, all steps and targets counted; the origins are thinned to that as well."""


class ForecastingOptions(DataOptions, TaskOptions):
    """How far ahead, and which origins count."""

    horizon: int = Option(12, ge=1, description="steps to forecast")
    season: int | None = Option(
        None, ge=1, description="rows in a season (default: from the times: hourly 24, daily 7, monthly 12 ...; else 1)"
    )
    history: int | None = Option(
        None, ge=1, description="least rows behind a forecast origin (default: a season or the horizon, less if short)"
    )
    stride: int | None = Option(
        None, ge=1, description="rows between scored origins (default: 1; more where a validation part has over 10,000)"
    )


class Forecasting:
    """The next ``horizon`` rows of one or many targets, from every row on.

    An example is a *forecast origin*: ``end`` is the first row to forecast, the target is rows ``[end, end + horizon)``
    of ``info["target_channels"]``. All origins with ``history`` rows behind are examples, the same for every trial; an
    origin with a missing target ahead is left out.

    The default objective is ``mase``: an error relative to the seasonal naive forecast of its own series and target
    does not let the largest series decide, and below 1 means better than that forecast.
    """

    name: ClassVar[str] = "forecasting"
    options: ClassVar[type[TaskOptions]] = ForecastingOptions
    metrics: ClassVar[tuple[Metric, ...]] = tuple(
        Metric(name, "min") for name in ("mase", "mse_scaled", "mae_scaled", "rmse", "mae", "mse", "smape")
    )

    def demo(self, seed: int = 0) -> tuple[Sequences, TaskOptions]:
        """Daily sales of two shops with a trend, a week, and promotions known ahead."""
        return demo_series(seed), ForecastingOptions(horizon=7)

    def read(self, path: Path, options: TaskOptions, *, labelled: bool = True) -> Sequences:
        """Read one file; see :meth:`example` for what it must look like."""
        return load(path, _mine(options), kind="series", labelled=labelled)

    def prepare(
        self,
        parts: Parts,
        options: TaskOptions,
        *,
        seed: int = 0,
        folds: int | None = None,
        sizes: tuple[int, ...] | None = None,
    ) -> Prepared:
        """Every origin of every series; parts in order of time, as :func:`forecasting_parts.plan` says.

        ``--valid`` and ``--test`` files continue the series of the training file.
        """
        chosen = _mine(options)
        data, bounds = _bounded(parts, chosen, sizes)
        label, season = frequency(data.times, data.offsets)
        season = chosen.season or season
        found = plan(bounds, chosen.horizon, season, chosen.history, folds)
        info = channel_info(data, found.folds[-1][0].stop) | {
            "horizon": chosen.horizon, "season": season, "frequency": label, "history": found.history,
        }  # fmt: skip
        frame = make_frame(data, every_origin(data, chosen.horizon, found.history), info)
        most = min(MOST_VALIDATED, max(100, MOST_NUMBERS // (chosen.horizon * len(info["targets"]))))
        pairs = tuple(
            Fold(
                _origins(frame, train, "training"),
                _origins(frame, valid, "validation", chosen.stride, most),
            )
            for train, valid in found.folds
        )
        test = None if found.test is None else _origins(frame, found.test, "test", chosen.stride)
        return Prepared(frame, Split(pairs, _origins(frame, found.refit, "training"), test))

    def frame(self, data: Sequences, options: TaskOptions, info: Mapping[str, Any]) -> Frame:
        """One origin a series, after its last target; covariates known ahead need ``horizon`` future rows."""
        data = _like_training(data, _mine(options), info)
        return make_frame(data, last_origins(data, info, allow_nan=_mine(options).allow_nan), info)

    def labelled_frame(self, data: Sequences, options: TaskOptions, info: Mapping[str, Any]) -> Frame:
        """Every origin of unseen series that can be scored, for evaluation."""
        data = _like_training(data, _mine(options), info)
        data = head(data, past_lengths(data))
        examples = every_origin(data, int(info["horizon"]), int(info["history"]))
        if not len(examples["end"]):
            needed = int(info["history"]) + int(info["horizon"])
            raise DataError(f"{data.source}: no origin can be scored; a series needs {needed} rows with all targets")
        return make_frame(data, examples, info)

    def fit_state(self, frame: Frame, train: Index, options: TaskOptions) -> State:
        """Scalers of the rows before the last training target ends, and the naive error of each series there."""
        return fit_series(frame, train)

    def head(self, frame: Frame, values: Mapping[str, Any]) -> HeadSpec:
        """All steps of all targets at once; the window lies in the past, so it may be read both ways."""
        targets, known = list(frame.info["target_channels"]), list(frame.info["known_channels"])
        return HeadSpec(
            "horizon",
            outputs=len(targets),
            loss=str(values.get("loss", "mse")),
            horizon=int(frame.info["horizon"]),
            options={"target_channels": targets, "known_channels": known, "season": int(frame.info["season"])},
        )

    def score(self, frame: Frame, examples: Index, outputs: Outputs, state: State) -> Scores:
        """All metrics, pooled over origins, steps and targets; see :func:`metrics.forecast.forecast_scores`."""
        scales = scales_of(frame, examples, state)
        mean, std = state.arrays["y_mean"], state.arrays["y_std"]
        scaled_by = np.asarray(frame.info["scaled_by"], dtype=np.float64)
        return forecast_scores(outputs, truth_of(frame, examples), scales, mean, std, scaled_by)

    def baselines(self, prepared: Prepared, options: TaskOptions) -> dict[str, dict[str, Scores]]:
        """Repeat the last value, repeat the last season, ridge regression on lags."""
        return baselines_series.run(self, prepared, options)

    def decode(self, frame: Frame, examples: Index, outputs: Outputs, state: State) -> dict[str, NDArray[Any]]:
        """``prediction`` in original units: ``(n, horizon, targets)``, or ``(n, horizon)`` for a single target."""
        found = np.asarray(outputs, np.float64) * state.arrays["y_std"] + state.arrays["y_mean"]
        return {"prediction": found[:, :, 0] if found.shape[2] == 1 else found}

    def example(self) -> str:
        """What a file must look like."""
        return EXAMPLE


def _mine(options: TaskOptions) -> ForecastingOptions:
    assert isinstance(options, ForecastingOptions)
    return options


def _bounded(parts: Parts, options: ForecastingOptions, sizes: tuple[int, ...] | None) -> tuple[Sequences, Bounds]:
    """The whole series without their future, and where their parts end."""
    if sizes is not None and (parts.valid is not None or parts.test is not None):
        raise UsageError("--split cuts one file into parts: give it without --valid and --test")
    files = {"train": parts.train, "valid": parts.valid, "test": parts.test}
    given = {k: _past(f, options) for k, f in files.items() if f is not None}
    data, rows = joined(list(given.values()))
    names = tuple(series_names(data))
    if sizes is not None:
        bounds = bounds_of_sizes(data.lengths, sizes, names, parts.train.source)
    else:
        n = dict(zip(given, rows, strict=True))
        rows_of = (n["train"], n.get("valid"), n.get("test"))
        bounds = bounds_of_files(*rows_of, options.horizon, names, parts.train.source)
    return head(data, bounds.total), bounds


def _past(data: Sequences, options: ForecastingOptions) -> Sequences:
    if data.targets is not None:
        raise DataError(f"{data.source}: sequences with a target each, not series; forecasting reads rows in time")
    past = past_lengths(data)
    check_series(data, past, allow_nan=options.allow_nan)
    return head(data, past)


def _like_training(data: Sequences, options: ForecastingOptions, info: Mapping[str, Any]) -> Sequences:
    """Checked, with the columns and roles of training."""
    data = same_columns(
        data, info["channels"], info["target_channels"],
        [c for c in info["known_channels"] if c < len(info["channels"])], info["known_categories"],
    )  # fmt: skip
    data = replace(data, static_categories=tuple(info["static_categories"]))
    check_series(data, past_lengths(data), allow_nan=options.allow_nan)
    return data


def _origins(frame: Frame, stretch: Stretch, what: str, stride: int | None = 1, most: int | None = None) -> Index:
    """Numbers of the origins of a part, every ``stride``-th row of a series; None = as many as ``most``."""
    sequence = np.asarray(frame.examples["sequence"])
    origin = frame.lengths
    found = stretch.holds(origin, sequence, int(frame.info["horizon"]))
    if not len(found):
        raise DataError(f"the {what} part has no origin whose targets are all known")
    every = stride or (1 if most is None else -(-len(found) // most))
    kept = found[(origin[found] - stretch.first[sequence[found]]) % every == 0]
    return kept if len(kept) else found[:1]
