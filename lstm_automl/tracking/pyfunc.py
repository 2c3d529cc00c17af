"""What MLflow loads to serve a bundle: named in ``MLmodel`` as ``loader_module``, so no pickle is involved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from lstm_automl.models.bundle import Predictor


class ServedModel:
    """A bundle behind MLflow's ``predict(DataFrame)``: one row a sequence in, one row out."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def predict(self, table: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Predictions for a table with a column ``sequence`` of nested lists and the static columns, if any."""
        return self._predictor.predict_table(table)


def _load_pyfunc(path: str) -> ServedModel:
    """MLflow's entry: ``path`` is the bundle's folder."""
    from lstm_automl.models.bundle import load

    return ServedModel(load(Path(path)))
