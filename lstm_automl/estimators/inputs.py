"""What users call X: arrays, lists, DataFrames, as sequences, with scikit-learn's own messages for 2-D input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_X_y, validate_data

from lstm_automl.data.arrays import from_arrays
from lstm_automl.data.options import Layout
from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError
from lstm_automl.estimators import like_training

Array = NDArray[Any]
NAN_HINT = "allow_nan=True masks missing values"


def is_table(X: Any) -> bool:
    """Whether X is 2-D (or nothing we know, for scikit-learn to say so): a row a univariate series.

    >>> is_table([[1, 2], [3, 4]]), is_table([[1, 2], [3]]), is_table(np.zeros((2, 3, 1)))
    (True, False, False)
    """
    if hasattr(X, "columns"):
        return "sequence" not in X.columns
    if hasattr(X, "toarray"):
        return True
    if isinstance(X, (list, tuple)):
        depths = {_depth(item) for item in X}
        return depths <= {0} or (depths == {1} and len({len(item) for item in X}) == 1)
    array = np.asarray(X)
    if array.dtype == object and array.ndim == 1:
        return not len(array) or _depth(array[0]) == 0
    return array.ndim <= 2


def fitted_input(estimator: Any, X: Any, layout: Layout, allow_nan: bool) -> Sequences:
    """Training data; sets ``n_features_in_`` (and ``feature_names_in_`` of a DataFrame).

    2-D input is a table for scikit-learn: ``n_features_in_`` is the number of steps, and later input must have as many.
    Of any other form ``n_features_in_`` is the number of channels, and lengths may differ.

    Args:
        estimator: Whose attributes are set.
        X: As :class:`LSTMClassifier` takes it.
        layout: Of 3-D input.
        allow_nan: Missing values are kept.

    Raises:
        DataError, ValueError, TypeError: X has none of the accepted forms, or holds what is no number.
    """
    if is_table(X):
        data = _table(estimator, X, allow_nan, reset=True)
        estimator._table_input = True
        return data
    data = _sequences(X, layout, allow_nan)
    estimator._table_input = False
    estimator.n_features_in_ = data.values.shape[1]
    vars(estimator).pop("feature_names_in_", None)
    return data


def later_input(estimator: Any, X: Any, layout: Layout, allow_nan: bool) -> Sequences:
    """Data to predict, in the form of the training data; a loaded model takes any form.

    Args:
        estimator: A fitted one.
        X, layout, allow_nan: As of :func:`fitted_input`.

    Raises:
        DataError, ValueError, TypeError: as :func:`fitted_input`, or X differs in form or width from training.
    """
    name = type(estimator).__name__
    if isinstance(X, Sequences):
        return X
    if estimator._table_input is None:
        info = estimator.predictor_.info["frame"]
        served = like_training.served(X, info)
        return like_training.named(_sequences(X, layout, allow_nan), info) if served is None else served
    if estimator._table_input:
        if not is_table(X):
            raise DataError(
                f"X holds sequences, but {name} was fitted on 2-D X (n, {estimator.n_features_in_}): fit it on 3-D X "
                "(n, time, 1) for sequences of any length"
            )
        return _table(estimator, X, allow_nan, reset=False)
    data = _sequences(X, layout, allow_nan)
    found, wanted = data.values.shape[1], estimator.n_features_in_
    if found != wanted:
        hint = "" if np.ndim(X) != 2 else " (2-D X is read as univariate series)"
        raise DataError(f"X has {found} features, but {name} is expecting {wanted} features as input{hint}")
    return data


def targets(estimator: Any, n: int, y: Any, *, numeric: bool) -> Array:
    """``(n,)`` y, checked as scikit-learn does: length, rank, NaN, a column vector's warning.

    Args:
        estimator: For messages.
        n: Sequences there are.
        y: Labels or numbers.
        numeric: Numbers are needed.

    Raises:
        ValueError: y does not fit.
    """
    _, checked = check_X_y(np.zeros((n, 1)), y, y_numeric=numeric, estimator=estimator)
    return np.asarray(checked)


def _table(estimator: Any, X: Any, allow_nan: bool, *, reset: bool) -> Sequences:
    finite = "allow-nan" if allow_nan else True
    array = validate_data(estimator, X, dtype=(np.float64, np.float32), ensure_all_finite=finite, reset=reset)
    return from_arrays(array, dtype=array.dtype, allow_nan=allow_nan)


def _sequences(X: Any, layout: Layout, allow_nan: bool) -> Sequences:
    return from_arrays(X, layout=layout, dtype=_dtype(X), allow_nan=allow_nan, nan_hint=NAN_HINT)


def _dtype(X: Any) -> Any:
    """float32 where all of X is that (or shorter), else float64."""
    parts = X if isinstance(X, (list, tuple)) or getattr(X, "dtype", None) == np.dtype(object) else [X]
    kinds = [getattr(part, "dtype", None) for part in parts]
    return np.float32 if kinds and all(kind in (np.float16, np.float32) for kind in kinds) else np.float64


def _depth(item: Any) -> int:
    """Axes of an array, a list of arrays, a list of lists."""
    if isinstance(item, (list, tuple)):
        return 1 + (_depth(item[0]) if item else 0)
    return int(getattr(item, "ndim", 0))
