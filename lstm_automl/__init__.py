"""Hyper-parameter search for LSTM and BiLSTM models: declare a space, search it, keep the best model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_automl.estimators.classifier import LSTMClassifier as LSTMClassifier
    from lstm_automl.estimators.flow import search as search
    from lstm_automl.estimators.forecaster import LSTMForecaster as LSTMForecaster
    from lstm_automl.estimators.loading import load as load
    from lstm_automl.estimators.regressor import LSTMRegressor as LSTMRegressor
    from lstm_automl.estimators.request import Search as Search
    from lstm_automl.search.executors.ready import warm_up as warm_up
    from lstm_automl.search.hypermodel import hypermodel as hypermodel

__version__ = "0.1.0"

# name -> module, imported on first use: `import lstm_automl` costs nothing.
_PUBLIC = {
    "LSTMClassifier": "lstm_automl.estimators.classifier",
    "LSTMForecaster": "lstm_automl.estimators.forecaster",
    "LSTMRegressor": "lstm_automl.estimators.regressor",
    "Search": "lstm_automl.estimators.request",
    "hypermodel": "lstm_automl.search.hypermodel",
    "load": "lstm_automl.estimators.loading",
    "search": "lstm_automl.search",  # the room, which can be called: importing it binds this name anyway
    "warm_up": "lstm_automl.search.executors.ready",
}

__all__ = ["LSTMClassifier", "LSTMForecaster", "LSTMRegressor", "Search", "hypermodel", "load", "search", "warm_up"]


def __getattr__(name: str) -> Any:
    import importlib

    if name in _PUBLIC:
        module = importlib.import_module(_PUBLIC[name])
        return module if name == "search" else getattr(module, name)
    raise AttributeError(f"module 'lstm_automl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
