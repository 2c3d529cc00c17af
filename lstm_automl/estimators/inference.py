"""Predict and score with a bundle: files, tables or sequences in, a table out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lstm_automl.data.load import options_for
from lstm_automl.data.options import DataOptions
from lstm_automl.data.sequences import Sequences

if TYPE_CHECKING:
    import pandas as pd

    from lstm_automl.models.predictor import Predictor


def read(predictor: Predictor, data: str | Path | Sequences, *, labelled: bool) -> Sequences:
    """The sequences a model is asked about."""
    from lstm_automl.data import builtin

    if isinstance(data, Sequences):
        return data
    if str(data) == "demo" and not Path(data).exists():
        return predictor.task.demo(0)[0]
    if str(data) in builtin.NAMES and not Path(data).exists():
        return builtin.builtin(str(data))
    options = predictor.options
    if isinstance(options, DataOptions):
        options = options_for(data, options, series="horizon" in type(options).model_fields)
    return predictor.task.read(Path(data), options, labelled=labelled)


def predict(predictor: Predictor, data: str | Path | Sequences) -> pd.DataFrame:
    """One row a sequence, of forecasts one a sequence and step; see :func:`estimators.predictions.as_table`."""
    from lstm_automl.estimators.predictions import as_table

    sequences = read(predictor, data, labelled=False)
    return as_table(predictor.predict(sequences), sequences, predictor.info["frame"])


def evaluate(predictor: Predictor, data: str | Path | Sequences) -> dict[str, float]:
    """Every metric of the task on labelled data."""
    return predictor.evaluate(read(predictor, data, labelled=True))
