"""Regression: a number for each sequence, or for its last step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Option

from lstm_automl.data.frame import Field, Frame
from lstm_automl.data.load import load
from lstm_automl.data.options import DataOptions
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.data.split import Index
from lstm_automl.errors import DataError
from lstm_automl.tasks import baselines, demo, splits
from lstm_automl.tasks.framing import check_inputs, input_fields, input_scaling, joined, training_info
from lstm_automl.tasks.metrics import numbers as metrics
from lstm_automl.tasks.scaling import moments
from lstm_automl.tasks.targets import every_row, examples_at, last_rows, row_targets, strata
from lstm_automl.tasks.task import HeadSpec, Metric, Outputs, Prepared, Scores, State, TaskOptions


class RegressionOptions(DataOptions, TaskOptions):
    """How the data is read, and where targets are capped."""

    cap: float | None = Option(
        None,
        allow_inf_nan=False,
        description="targets above it are cut to it, in training, validation and test, and predictions too: the "
        "piecewise-linear remaining life of machines whose wear does not show early on (default: none)",
    )


class Regression:
    """A number for each sequence.

    With a target at every row (an engine that runs to failure) every row of a training sequence is an example that
    reads its sequence up to there. Files given for validation and test are scored at the last row of each sequence.
    Sequences held out of the training file, always whole ones, all end in failure; they are scored at up to 30 rows
    each, drawn by the seed and spread over their length from a shortest prefix on. Prediction is for the last row.
    """

    name: ClassVar[str] = "regression"
    options: ClassVar[type[TaskOptions]] = RegressionOptions
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("rmse", "min"),
        Metric("mae", "min"),
        Metric("r2", "max"),
        Metric("rmse_scaled", "min"),
    )

    def demo(self, seed: int = 0) -> tuple[Sequences, TaskOptions]:
        """200 ragged damped oscillations; the target is the time constant in steps."""
        return demo.damped_oscillation(seed), RegressionOptions()

    def read(self, path: Path, options: TaskOptions, *, labelled: bool = True) -> Sequences:
        """Read one file; see :meth:`example` for what it must look like."""
        return load(path, _mine(options), kind="value", labelled=labelled)

    def prepare(
        self,
        parts: Parts,
        options: TaskOptions,
        *,
        seed: int = 0,
        folds: int | None = None,
        sizes: tuple[int, ...] | None = None,
    ) -> Prepared:
        """One example a sequence, or one a row; parts of whole sequences as ``tasks.splits`` says."""
        cap, train = _mine(options).cap, parts.train
        files = [f for f in (train, parts.valid, parts.test) if f is not None]
        for file in files:
            check_inputs(file, allow_nan=_mine(options).allow_nan)
        given = np.concatenate([row_targets(f) for f in files])
        if cap is not None and np.nanmin(given) >= cap:
            raise DataError(f"{train.source}: --cap {cap:g}: no target is below it (the least is {np.nanmin(given):g})")
        targets = _capped(given, cap)
        data = joined([replace(f, targets=None, target_per_row=False) for f in files])
        last = data.offsets[1:] - 1
        per_row = train.target_per_row
        # Rows of one sequence tell much the same: it is sequences that decide whether data is small.
        layout = splits.arrange(
            splits.counts(parts), examples=len(train), groups=train.groups, folds=folds, sizes=sizes, seed=seed,
            source=train.source,
            strata=None if per_row else strata(targets[last[: len(train)]]),
        )  # fmt: skip
        info = training_info(data, layout.refit) | {"target_per_row": per_row, "cap": cap}
        if per_row:
            scored = every_row(data, targets, layout, len(train), seed)
            rows, split = scored.rows, scored.split
        else:
            rows, split = last, last_rows(layout)
        return Prepared(_frame(data, rows, targets[rows], info), split)

    def frame(self, data: Sequences, options: TaskOptions, info: Mapping[str, Any]) -> Frame:
        """One example a sequence, up to its last row; with ``y`` where every sequence has a target there."""
        check_inputs(data, allow_nan=_mine(options).allow_nan)
        last = data.offsets[1:] - 1
        y = None if data.targets is None else _capped(row_targets(data, complete=False)[last], info["cap"])
        if y is not None and np.isnan(y).any():
            y = None
        return _frame(data, last, y, info)

    def fit_state(self, frame: Frame, train: Index, options: TaskOptions) -> State:
        """Scaling of inputs and targets."""
        arrays = input_scaling(frame, train)
        arrays["y_mean"], arrays["y_std"] = moments(frame.fields["y"].values[:, None], train)
        return State({}, arrays)

    def head(self, frame: Frame, values: Mapping[str, Any]) -> HeadSpec:
        """One number, by ``values["loss"]`` (default mean square error) on the training scale."""
        return HeadSpec("value", outputs=1, loss=str(values.get("loss", "mse")))

    def score(self, frame: Frame, examples: Index, outputs: Outputs, state: State) -> Scores:
        """Every metric, unweighted, in original units; ``rmse_scaled`` in deviations of the training targets."""
        if "y" not in frame.fields:
            raise DataError("data without targets cannot be scored")
        true = np.asarray(frame.fields["y"].values[examples], dtype=np.float64)
        predicted = _original(frame, outputs, state)
        error = metrics.rmse(true, predicted)
        return {
            "rmse": error,
            "mae": metrics.mae(true, predicted),
            "r2": metrics.r2(true, predicted),
            "rmse_scaled": error / float(state.arrays["y_std"][0]),
        }

    def baselines(self, prepared: Prepared, options: TaskOptions) -> dict[str, dict[str, Scores]]:
        """Mean, median, and ridge regression on summary features."""
        floors = {"mean": baselines.mean, "median": baselines.median, "ridge": baselines.ridge}
        return baselines.run(self, prepared, options, floors, 1)

    def decode(self, frame: Frame, examples: Index, outputs: Outputs, state: State) -> dict[str, NDArray[Any]]:
        """``prediction`` in original units."""
        return {"prediction": _original(frame, outputs, state)}

    def example(self) -> str:
        """What a file must look like."""
        return EXAMPLE


def _mine(options: TaskOptions) -> RegressionOptions:
    assert isinstance(options, RegressionOptions)
    return options


def _capped(values: NDArray[Any], cap: float | None) -> NDArray[np.float64]:
    return np.asarray(values if cap is None else np.minimum(values, cap), dtype=np.float64)


def _original(frame: Frame, outputs: Outputs, state: State) -> NDArray[np.float64]:
    """``(n,)`` in original units, capped as the targets are."""
    scaled = np.asarray(outputs, dtype=np.float64).reshape(len(outputs))
    return _capped(scaled * state.arrays["y_std"][0] + state.arrays["y_mean"][0], frame.info["cap"])


def _frame(data: Sequences, rows: Index, y: NDArray[Any] | None, info: Mapping[str, Any]) -> Frame:
    """Examples that end with ``rows``."""
    fields = input_fields(data, info)
    examples = examples_at(data, rows)
    if "weight" in fields:
        fields["weight"] = Field(fields["weight"].values[examples["sequence"]])
    if y is not None:
        fields["y"] = Field(y)
    return Frame(fields, examples, dict(info))


EXAMPLE = """\
A number for each sequence. One of:

wide table (.csv, .parquet), a row a sequence, equal lengths, one channel:
    t0,t1,t2,t3,target
    0.1,0.4,0.9,0.7,12.5
    0.8,0.5,0.2,0.1,3.1

long table, a row a time step, any lengths, any number of channels (--id unit --time t --target life):
    unit,t,pressure,speed,life
    1,0,14.6,2388.0,3
    1,1,14.7,2388.1,2
    2,0,14.5,2387.9,140
Where the target differs within a sequence, every row is trained on and the last one is scored (--cap 125 cuts it).

.npz, y (n,) or a target a row, X (n, time, channels) or ragged values (rows, channels) with offsets (n + 1,) from 0:
    np.savez("runs.npz", X=X, y=y)
    np.savez("runs.npz", values=values, offsets=offsets, y=y)

.ts of the UCR/UEA archive.
"""
