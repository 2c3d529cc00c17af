"""A number for each sequence, as a scikit-learn regressor."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from lstm_automl.data.options import Layout
from lstm_automl.errors import DataError, UsageError
from lstm_automl.estimators import arguments, inputs, parts
from lstm_automl.estimators.preparing import options_of, task_of
from lstm_automl.estimators.request import Search
from lstm_automl.estimators.series import SeriesEstimator
from lstm_automl.estimators.weighing import weighted_state
from lstm_automl.estimators.wording import in_python

Array = NDArray[Any]


class LSTMRegressor(RegressorMixin, SeriesEstimator):  # type: ignore[misc]
    """LSTM or BiLSTM that gives each sequence a number.

    Every hyper-parameter is an argument; ``search=Search(...)`` finds the best instead, holding fixed what differs
    from the defaults. The defaults are those of the shipped search space.

    X is ``(n, time, features)``, a list or object array of ``(time, features)`` arrays of any lengths, a DataFrame
    with a column ``sequence``, or ``(n, time)``: n univariate series, for scikit-learn a table of ``time`` features
    (later input must have as many).

    Args:
        cell: ``lstm``, ``gru`` or ``simple_rnn``.
        num_layers: Recurrent layers, 1..16.
        units: Width of a layer in each direction, 1..8192.
        bidirectional: Read the sequence both ways.
        merge_mode: ``concat``, ``sum``, ``ave`` or ``mul`` of both directions.
        dropout: Share of a layer's inputs, and of the head's, [0, 1).
        recurrent_dropout: Share of the state, [0, 1); above 0 is slower.
        front_end: ``none``, ``cnn1d`` before or ``fcn`` beside the recurrent layers.
        conv_layers: Of the front end, 1..16.
        conv_filters: Of each of its layers, 1..8192.
        conv_kernel: Steps a convolution sees, 1..4096.
        conv_stride: Steps a convolution of ``cnn1d`` moves, 1..64.
        pooling: ``last``, ``mean``, ``max`` or ``mean_max``.
        difference: Append each channel's change since the step before.
        augment: ``none``, ``jitter`` or ``scaling`` of training sequences.
        optimizer: ``nadam``, ``adam`` or ``rmsprop``.
        learning_rate: Highest of the schedule, (0, 10].
        schedule: ``constant``, ``cosine`` or ``one_cycle`` over ``max_epochs``.
        clipnorm: Longest gradient over all weights, above 0.
        weight_decay: Decoupled, per step, [0, 1].
        ema: Keep the running average of the weights.
        window: Steps that are read where y has a number for each step; a whole sequence is read otherwise, and any
            value but the default is then an error.
        loss: ``mse``, ``mae`` or ``huber`` on the scale of the training targets.
        batch_size: Sequences a step; None = all of them in order, with no validation part: equal to weighing sequences
            by repeating them where nothing is random (dropout 0, no ``fcn``, no augmentation).
        max_epochs: At least 1; an epoch is 16 to 256 optimiser steps.
        patience: Epochs without a lower validation error (loss, where there are weights) before training
            ends, counted from the middle of a falling schedule on; None = never.
        validation_fraction: Share of the sequences held out for that, small and large targets alike, [0, 1); the
            weights of the best epoch are kept. 0 or less than one sequence = train ``max_epochs`` on all.
        cap: Targets and predictions above it are cut to it; None = no cap.
        search: None = fit exactly these values in this process, writing nothing; :class:`Search` = search.
        layout: ``NTC`` or ``NCT``, axis order of 3-D X and of (time, features) items.
        allow_nan: Mask missing values instead of refusing them.
        dtype: ``float32`` or ``float64``, of the network.
        random_state: Seed, ``RandomState`` or None.

    Attributes:
        n_features_in_: Channels; steps where X was 2-D.
        trials_, best_params_, history_, search_, predictor_: As of :class:`lstm_automl.estimators.base.LSTMEstimator`.

    >>> from lstm_automl import LSTMRegressor
    >>> X = np.random.default_rng(0).normal(size=(20, 5, 1))
    >>> LSTMRegressor(units=4, num_layers=1, max_epochs=3).fit(X, X.sum(axis=(1, 2))).predict(X).shape
    (20,)
    """

    task = "regression"

    def __init__(
        self,
        *,
        cell: str = "lstm",
        num_layers: int = 1,
        units: int = 96,
        bidirectional: bool = False,
        merge_mode: str = "concat",
        dropout: float = 0.25,
        recurrent_dropout: float = 0.0,
        front_end: str = "none",
        conv_layers: int = 2,
        conv_filters: int = 64,
        conv_kernel: int = 5,
        conv_stride: int = 2,
        pooling: str = "last",
        difference: bool = False,
        augment: str = "scaling",
        optimizer: str = "nadam",
        learning_rate: float = 0.003,
        schedule: str = "constant",
        clipnorm: float = 1.0,
        weight_decay: float = 0.01,
        ema: bool = True,
        window: int = 80,
        loss: str = "mse",
        batch_size: int | None = 32,
        max_epochs: int = 50,
        patience: int | None = 10,
        validation_fraction: float | None = 0.2,
        cap: float | None = None,
        search: Search | None = None,
        layout: Layout = "NTC",
        allow_nan: bool = False,
        dtype: str = "float32",
        random_state: Any = None,
    ) -> None:
        self.cell = cell
        self.num_layers = num_layers
        self.units = units
        self.bidirectional = bidirectional
        self.merge_mode = merge_mode
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.front_end = front_end
        self.conv_layers = conv_layers
        self.conv_filters = conv_filters
        self.conv_kernel = conv_kernel
        self.conv_stride = conv_stride
        self.pooling = pooling
        self.difference = difference
        self.augment = augment
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.clipnorm = clipnorm
        self.weight_decay = weight_decay
        self.ema = ema
        self.window = window
        self.loss = loss
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.cap = cap
        self.search = search
        self.layout = layout
        self.allow_nan = allow_nan
        self.dtype = dtype
        self.random_state = random_state

    @in_python
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Train, or search and train.

        Args:
            X: Sequences.
            y: ``(n,)`` numbers; or a list of ``(time,)`` arrays, a number for each step: training then takes every
                step's past as a sequence, and the last one is predicted.
            sample_weight: ``(n,)``, at least 0; 0 leaves a sequence out.

        Raises:
            UsageError: an argument, X or y cannot be used (a ``ValueError``).
            NoValidTrialError: the training diverged.
        """
        started = time.monotonic()
        data = self._read(X, sample_weight)
        per_row = _per_row(y)
        if per_row:
            flat = _flat(y, data.lengths)
            data = replace(data, targets=inputs.targets(self, len(flat), flat, numeric=True), target_per_row=True)
        else:
            data = replace(data, targets=inputs.targets(self, len(data), y, numeric=True))
        if not per_row and arguments.changed(self, ("window",)):
            raise UsageError("window is read where y has a number for each step; here whole sequences are read")
        task = task_of(self.task)
        options = options_of(task, {"allow_nan": self.allow_nan, "cap": self.cap})
        self._learn(
            lambda metric: parts.framed(task, data, options, metric),
            weighted_state,
            parts.hold_out,
            parts.folded,
            started,
            unread=() if per_row else ("window",),
        )
        return self

    @in_python
    def predict(self, X: Any) -> NDArray[np.float64]:
        """``(n,)`` numbers in the units of y.

        Raises:
            UsageError: X differs from training.
        """
        return np.asarray(self._decoded(X)["prediction"], np.float64)


def _per_row(y: Any) -> bool:
    """Whether y is a list of arrays, a number for each step."""
    held = isinstance(y, (list, tuple)) or getattr(y, "dtype", None) == np.dtype(object)
    return held and len(y) > 0 and all(np.ndim(item) == 1 for item in y)


def _flat(y: Any, lengths: NDArray[np.int64]) -> Array:
    for i, (item, steps) in enumerate(zip(y, lengths, strict=False)):
        if len(item) != steps:
            raise DataError(f"y[{i}] has {len(item)} numbers, but X[{i}] has {steps} steps")
    if len(y) != len(lengths):
        raise DataError(f"y has {len(y)} items, but X has {len(lengths)} sequences")
    return np.concatenate([np.asarray(item) for item in y])
