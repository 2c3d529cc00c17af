"""The next steps of one or many series, with scikit-learn's manners."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import UsageError
from lstm_automl.estimators import arguments, like_training, origins
from lstm_automl.estimators.base import LSTMEstimator
from lstm_automl.estimators.preparing import options_of, task_of
from lstm_automl.estimators.request import Search
from lstm_automl.estimators.wording import in_python
from lstm_automl.tasks.forecasting_parts import SHARE
from lstm_automl.tasks.problem import Problem

Floats = NDArray[np.float64]


class LSTMForecaster(LSTMEstimator):
    """LSTM or BiLSTM that forecasts the next steps of one or many series.

    Every hyper-parameter is an argument; ``search=Search(...)`` finds the best instead, holding fixed what differs
    from the defaults. The defaults are those of the shipped search space.

    A series is ``(T,)`` or ``(T, targets)``; many are a list of them (lengths may differ) or ``(series, T, targets)``.
    ``clone``, ``get_params``, ``set_params`` and ``pickle`` work; cross-validation over rows would shuffle time, so
    validation is by the last part of each series.

    Args:
        horizon: Steps to forecast, at least 1.
        cell: ``lstm``, ``gru`` or ``simple_rnn``.
        num_layers: Recurrent layers, 1..16.
        units: Width of a layer in each direction, 1..8192.
        bidirectional: Read the window both ways (it lies in the past).
        merge_mode: ``concat``, ``sum``, ``ave`` or ``mul`` of both directions.
        dropout: Share of a layer's inputs, and of the head's, [0, 1).
        recurrent_dropout: Share of the state, [0, 1); above 0 is slower.
        pooling: ``last``, ``mean``, ``max`` or ``mean_max``.
        difference: Append each channel's change since the step before.
        optimizer: ``nadam``, ``adam`` or ``rmsprop``.
        learning_rate: Highest of the schedule, (0, 10].
        schedule: ``constant``, ``cosine`` or ``one_cycle`` over ``max_epochs``.
        clipnorm: Longest gradient over all weights, above 0.
        weight_decay: Decoupled, per step, [0, 1].
        ema: Keep the running average of the weights.
        window: Past steps that are read, 1..1,000,000; a shorter past is continued backwards with its first row.
        normalization: ``none``, ``last`` (value of the window) or ``instance`` (its mean and deviation) is taken from a
            window and given back to its forecast.
        patch: Steps joined into one before the recurrent layers, 1..4096; 1 = none.
        channel_independent: One model for each channel by itself, weights shared.
        linear_skip: Add a linear map from window to forecast.
        loss: ``mse``, ``mae`` or ``huber`` on the scale of the training targets.
        batch_size: Forecast origins a step; None = all of them in order, with no validation part.
        max_epochs: At least 1; an epoch is 16 to 256 optimiser steps.
        patience: Epochs without a lower validation MASE before training
            ends, counted from the middle of a falling schedule on; None = never.
        validation_fraction: Last share of each series (a horizon at least) held out for that, [0, 1); the weights of
            the best epoch are kept. 0 = train ``max_epochs`` on all.
        season: Rows in a season, for the seasonal naive error that MASE divides by; None = 1.
        search: None = fit exactly these values in this process, writing nothing; :class:`Search` = search.
        allow_nan: Mask missing values instead of refusing them.
        dtype: ``float32`` or ``float64``, of the network.
        random_state: Seed, ``RandomState`` or None.

    Attributes:
        series_: Names of the training series.
        trials_, best_params_, history_, search_, predictor_: As of :class:`lstm_automl.estimators.base.LSTMEstimator`.

    >>> from lstm_automl import LSTMForecaster
    >>> y = np.sin(np.arange(120) / 4)
    >>> LSTMForecaster(3, units=4, window=24, patch=1, max_epochs=2).fit(y).predict().shape
    (1, 3, 1)
    """

    task = "forecasting"

    _channels: tuple[tuple[str, ...], tuple[int, ...]] | None
    _context: Sequences | None

    def __init__(
        self,
        horizon: int = 12,
        *,
        cell: str = "lstm",
        num_layers: int = 1,
        units: int = 32,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.1,
        recurrent_dropout: float = 0.0,
        pooling: str = "last",
        difference: bool = False,
        optimizer: str = "nadam",
        learning_rate: float = 0.003,
        schedule: str = "constant",
        clipnorm: float = 1.0,
        weight_decay: float = 0.0001,
        ema: bool = True,
        window: int = 336,
        normalization: str = "last",
        patch: int = 24,
        channel_independent: bool = True,
        linear_skip: bool = True,
        loss: str = "mae",
        batch_size: int | None = 32,
        max_epochs: int = 50,
        patience: int | None = 10,
        validation_fraction: float | None = 0.2,
        season: int | None = None,
        search: Search | None = None,
        allow_nan: bool = False,
        dtype: str = "float32",
        random_state: Any = None,
    ) -> None:
        self.horizon = horizon
        self.cell = cell
        self.num_layers = num_layers
        self.units = units
        self.bidirectional = bidirectional
        self.merge_mode = merge_mode
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.pooling = pooling
        self.difference = difference
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.clipnorm = clipnorm
        self.weight_decay = weight_decay
        self.ema = ema
        self.window = window
        self.normalization = normalization
        self.patch = patch
        self.channel_independent = channel_independent
        self.linear_skip = linear_skip
        self.loss = loss
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.season = season
        self.search = search
        self.allow_nan = allow_nan
        self.dtype = dtype
        self.random_state = random_state

    @in_python
    def fit(self, y: Any, *, known: Any = None, observed: Any = None, series: Sequence[object] | None = None) -> Self:
        """Train, or search and train.

        Args:
            y: One or many series.
            known: Covariates known ahead, ``(T + future, k)`` a series; rows beyond T are kept for :meth:`predict`.
            observed: Covariates known up to now, ``(T, o)`` a series.
            series: Name of each series; default their numbers.

        Raises:
            UsageError: an argument or a series cannot be used (a ``ValueError``).
            NoValidTrialError: the training diverged.
        """
        started = time.monotonic()
        data = origins.sequences(y, known, observed, series)
        task = task_of(self.task)
        given = {"horizon": self.horizon, "season": self.season, "allow_nan": self.allow_nan}
        options = options_of(task, given)
        share = SHARE if self.search is not None else arguments.fraction(self.validation_fraction)
        if self.batch_size is None:
            share = 0.0

        def framed(metric: str | None) -> Problem:
            return origins.framed(task, data, options, horizon=int(self.horizon), share=share, metric=metric)

        self._learn(framed, origins.state_of, origins.parted, origins.rolling, started)
        self._targets, self._channels = len(data.target_channels), (data.channels, data.known_channels)
        self._context = origins.tail(data, self.best_params_.get("window"))
        self.series_ = np.asarray(data.ids)
        return self

    @in_python
    def predict(self, context: Any = None, known: Any = None, observed: Any = None) -> Floats:
        """``(series, horizon, targets)``: no axis is ever dropped.

        Args:
            context: Series to forecast from their ends; None = those of :meth:`fit` (a loaded model has none).
            known: Covariates known ahead. With ``context``: ``(T + horizon, k)`` a series. Without: the
                ``(horizon, k)`` rows after the training series; None = those that :meth:`fit` was given.
            observed: Covariates of ``context`` known up to now, ``(T, o)`` a series.

        Raises:
            UsageError: the series do not fit the model, or rows ahead are missing.
        """
        check_is_fitted(self)
        if context is not None:
            data = self._like_training(context, known, observed)
        elif observed is not None:
            raise UsageError("observed goes with context; the training series have their own")
        elif self._context is None:
            raise UsageError("a loaded model has no training series: give context, the series to forecast")
        else:
            data = self._context if known is None else origins.with_future(self._context, known)
        found = np.asarray(self.predictor_.predict(data)["prediction"], np.float64)
        return found.reshape(len(data), int(self.predictor_.info["frame"]["horizon"]), self._targets)

    @in_python
    def score(self, y: Any, *, known: Any = None, observed: Any = None) -> float:
        """Negative MASE over every forecast origin of these series; below -1 is worse than the seasonal naive forecast.

        Args:
            y: One or many series, not those of training.
            known, observed: Their covariates, as in :meth:`fit`.

        Raises:
            UsageError: the series do not fit the model, or are too short to be scored.
        """
        check_is_fitted(self)
        return -self.predictor_.evaluate(self._like_training(y, known, observed))["mase"]

    def _like_training(self, y: Any, known: Any, observed: Any) -> Sequences:
        frame = self.predictor_.info["frame"]
        whole = y if isinstance(y, Sequences) else None
        if whole is None and self._channels is None:
            whole = like_training.served(y, frame)
        if whole is not None:
            if known is not None or observed is not None:
                raise UsageError(
                    "known and observed go with arrays: a DataFrame or Sequences has its covariates among its channels"
                )
            return whole
        data = origins.sequences(y, known, observed)
        if self._channels is None:  # loaded: the names are those of a file
            return like_training.series(data, frame)
        if (data.channels, data.known_channels) != self._channels:
            raise UsageError(
                f"the series have {', '.join(data.channels)}; the model was fitted on {', '.join(self._channels[0])}"
            )
        return data
