"""What classifier and regressor share: X, sample weights, and how a fitted model reads X."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from lstm_automl.data.options import Layout
from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError
from lstm_automl.estimators import inputs
from lstm_automl.estimators.base import LSTMEstimator

Array = NDArray[Any]


class SeriesEstimator(LSTMEstimator):
    """One prediction a sequence."""

    layout: Layout
    allow_nan: bool
    n_features_in_: int
    _table_input: bool | None
    """Whether X of ``fit`` was a table; None for a loaded model."""

    def _read(self, X: Any, sample_weight: ArrayLike | None) -> Sequences:
        data = inputs.fitted_input(self, X, self.layout, self.allow_nan)
        if len(data) < 2:
            raise DataError(f"Found array with {len(data)} sample(s) while a minimum of 2 is required to train.")
        if sample_weight is None:
            return data
        return replace(data, weights=weights(sample_weight, len(data)))

    def _outputs(self, X: Any) -> Array:
        """``(n, ...)`` outputs of the network."""
        check_is_fitted(self)
        predictor = self.predictor_
        frame = predictor.frame(inputs.later_input(self, X, self.layout, self.allow_nan))
        return predictor.outputs(frame, np.arange(len(frame)))

    def _decoded(self, X: Any) -> Mapping[str, Array]:
        """The task's output columns."""
        check_is_fitted(self)
        return self.predictor_.predict(inputs.later_input(self, X, self.layout, self.allow_nan))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = bool(self.allow_nan)
        return tags


def weights(sample_weight: ArrayLike, n: int) -> NDArray[np.float64]:
    """``(n,)`` sample weights, at least 0 and not all 0.

    Raises:
        DataError: they are not.
    """
    try:
        found = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("sample_weight must hold numbers") from None
    if found.shape != (n,):
        raise DataError(f"sample_weight.shape == {found.shape}, expected {(n,)}")
    if not np.isfinite(found).all() or (found < 0).any():
        raise DataError("sample_weight: every weight must be a finite number of at least 0")
    if not found.any():
        raise DataError("sample_weight: all weights are zero")
    return found
