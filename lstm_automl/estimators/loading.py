"""``load``: a stored or registered model as the scikit-learn estimator of its task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lstm_automl.errors import UsageError
from lstm_automl.estimators.base import LSTMEstimator
from lstm_automl.estimators.classifier import LSTMClassifier
from lstm_automl.estimators.forecaster import LSTMForecaster
from lstm_automl.estimators.quiet import no_retracing_advice
from lstm_automl.estimators.regressor import LSTMRegressor
from lstm_automl.estimators.stored import StoredModel
from lstm_automl.models.predictor import Predictor
from lstm_automl.tasks.classification import Classification
from lstm_automl.tasks.forecasting import Forecasting
from lstm_automl.tasks.regression import Regression

ESTIMATORS: dict[type, type[LSTMEstimator]] = {
    Classification: LSTMClassifier,
    Regression: LSTMRegressor,
    Forecasting: LSTMForecaster,
}


def load(model: str | Path, home: str | Path = "searches", tracking_uri: str | None = None) -> Any:
    """The fitted estimator that a model is; no code of the model's author can run.

    It predicts what the estimators predict (arrays, lists of arrays, DataFrames) and ``Sequences``; a forecaster needs
    ``context``, as it was not fitted here. ``predictor_`` reads files' sequences and served tables.

    Args:
        model: ``models:/NAME@ALIAS``, ``models:/NAME/VERSION``, a bundle's folder, or the NAME of a search in ``home``.
        home: Folder of searches.
        tracking_uri: MLflow store; None = the default.

    Returns:
        :class:`LSTMClassifier`, :class:`LSTMRegressor` or :class:`LSTMForecaster`.

    Raises:
        UsageError: there is no such model, or no estimator is of its task.
        StateError: it is damaged.
    """
    from lstm_automl.models import bundle
    from lstm_automl.tracking.lookup import resolve

    no_retracing_advice()
    return _fitted(bundle.load(resolve(str(model), home, tracking_uri)))


def _fitted(predictor: Predictor) -> LSTMEstimator:
    import pandas as pd

    values = dict(predictor.info["values"])
    own = {name: getattr(predictor.options, name, None) for name in ("allow_nan", "cap", "horizon", "season")}
    made = _kind(predictor)()
    known = made.get_params(deep=False)
    made.set_params(**{k: v for k, v in ({**own, **values}).items() if k in known and v is not None})
    made._model = StoredModel.of_predictor(predictor)
    made.best_params_, made.history_ = values, None
    about = predictor.info.get("about", {})
    best = about.get("best", {})
    row = {"number": best.get("trial", 0), **values, "score": about.get("score"), "best_epoch": best.get("best_epoch")}
    made.trials_ = pd.DataFrame([row])
    made.search_ = {**about, "test": predictor.info.get("metrics", {})}
    _shaped(made, predictor.info["frame"])
    return made


def _kind(predictor: Predictor) -> type[LSTMEstimator]:
    for task, estimator in ESTIMATORS.items():
        if isinstance(predictor.task, task):
            return estimator
    raise UsageError(
        f"no estimator is of the task {predictor.task.name!r}: lstm_automl.models.bundle.load reads the model itself"
    )


def _shaped(made: Any, info: dict[str, Any]) -> None:
    """What ``fit`` would have learnt of the data's form."""
    if isinstance(made, LSTMForecaster):
        made._targets, made._channels, made._context = len(info["target_channels"]), None, None
        made.series_ = np.asarray(info.get("series", []), dtype=np.str_)
        return
    made._table_input = None
    made.n_features_in_ = len(info["channels"])
    if isinstance(made, LSTMClassifier):
        made.classes_ = np.asarray(info["classes"])
