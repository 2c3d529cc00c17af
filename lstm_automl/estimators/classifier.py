"""A label for each sequence, as a scikit-learn classifier."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from lstm_automl.data.options import Layout
from lstm_automl.data.sequences import Sequences
from lstm_automl.data.split import Index
from lstm_automl.errors import DataError, UsageError
from lstm_automl.estimators import inputs, parts
from lstm_automl.estimators.preparing import options_of, task_of
from lstm_automl.estimators.request import Search
from lstm_automl.estimators.series import SeriesEstimator
from lstm_automl.estimators.weighing import weighted_state, with_class_weights
from lstm_automl.estimators.wording import in_python
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.task import State

Array = NDArray[Any]
ClassWeight = Mapping[Any, float] | Literal["balanced"] | None


class LSTMClassifier(ClassifierMixin, SeriesEstimator):  # type: ignore[misc]
    """LSTM or BiLSTM that gives each sequence a label.

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
        augment: ``none``, ``jitter``, ``scaling``, ``circular_shift`` or ``mixup`` of training sequences.
        optimizer: ``nadam``, ``adam`` or ``rmsprop``.
        learning_rate: Highest of the schedule, (0, 10].
        schedule: ``constant``, ``cosine`` or ``one_cycle`` over ``max_epochs``.
        clipnorm: Longest gradient over all weights, above 0.
        weight_decay: Decoupled, per step, [0, 1].
        ema: Keep the running average of the weights.
        label_smoothing: Share of the target spread evenly over all classes, [0, 1).
        batch_size: Sequences a step; None = all of them in order, with no validation part: equal to weighing sequences
            by repeating them where nothing is random (dropout 0, no ``fcn``, no augmentation).
        max_epochs: At least 1; an epoch is 16 to 256 optimiser steps.
        patience: Epochs without a better validation accuracy (loss, where there are weights) before training
            ends, counted from the middle of a falling schedule on; None = never.
        validation_fraction: Share of the sequences held out for that, classes spread evenly, [0, 1); the weights of the
            best epoch are kept. 0 or less than one sequence = train ``max_epochs`` on all.
        class_weight: ``{label: weight}`` or ``"balanced"``.
        search: None = fit exactly these values in this process, writing nothing; :class:`Search` = search.
        layout: ``NTC`` or ``NCT``, axis order of 3-D X and of (time, features) items.
        allow_nan: Mask missing values instead of refusing them.
        dtype: ``float32`` or ``float64``, of the network.
        random_state: Seed, ``RandomState`` or None.

    Attributes:
        classes_: Labels, as in y, sorted.
        n_features_in_: Channels; steps where X was 2-D.
        trials_, best_params_, history_, search_, predictor_: As of :class:`lstm_automl.estimators.base.LSTMEstimator`.

    >>> from lstm_automl import LSTMClassifier
    >>> X = np.random.default_rng(0).normal(size=(20, 5, 1)); X[::2] += 3
    >>> LSTMClassifier(units=4, front_end="none", max_epochs=3).fit(X, X[:, 0, 0] > 1.5).predict(X).shape
    (20,)
    """

    task = "classification"

    def __init__(
        self,
        *,
        cell: str = "lstm",
        num_layers: int = 1,
        units: int = 64,
        bidirectional: bool = True,
        merge_mode: str = "concat",
        dropout: float = 0.25,
        recurrent_dropout: float = 0.0,
        front_end: str = "cnn1d",
        conv_layers: int = 2,
        conv_filters: int = 64,
        conv_kernel: int = 5,
        conv_stride: int = 2,
        pooling: str = "mean_max",
        difference: bool = True,
        augment: str = "none",
        optimizer: str = "nadam",
        learning_rate: float = 0.002,
        schedule: str = "one_cycle",
        clipnorm: float = 1.0,
        weight_decay: float = 0.0001,
        ema: bool = True,
        label_smoothing: float = 0.05,
        batch_size: int | None = 16,
        max_epochs: int = 50,
        patience: int | None = 10,
        validation_fraction: float | None = 0.2,
        class_weight: ClassWeight = None,
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
        self.label_smoothing = label_smoothing
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.class_weight = class_weight
        self.search = search
        self.layout = layout
        self.allow_nan = allow_nan
        self.dtype = dtype
        self.random_state = random_state

    @in_python
    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train, or search and train.

        Args:
            X: Sequences.
            y: ``(n,)`` labels: text, numbers or booleans.
            sample_weight: ``(n,)``, at least 0; 0 leaves a sequence out.

        Raises:
            UsageError: an argument, X or y cannot be used (a ``ValueError``).
            NoValidTrialError: the training diverged.
        """
        started = time.monotonic()
        data = self._read(X, sample_weight)
        labels = inputs.targets(self, len(data), y, numeric=False)
        check_classification_targets(labels)
        self.classes_ = np.unique(labels)
        self._check_classes(labels, data)
        data = replace(data, targets=_named(labels))
        balanced = self.class_weight == "balanced" if isinstance(self.class_weight, str) else False
        if self.search is not None and not balanced and self.class_weight is not None:
            each = dict(zip(self.classes_.tolist(), self._class_weights(labels), strict=True))
            own = np.ones(len(data)) if data.weights is None else data.weights
            data = replace(data, weights=own * np.array([each[label] for label in labels.tolist()]))
        task = task_of(self.task)
        options = options_of(task, {"allow_nan": self.allow_nan, "class_weight": "balanced" if balanced else None})

        def state_of(problem: Problem, train: Index) -> State:
            state = weighted_state(problem, train)
            if self.class_weight is None:
                return state
            codes = np.asarray(problem.frame.fields["y"].values)[train]
            return with_class_weights(state, self._class_weights(self.classes_[codes]))

        def framed(metric: str | None) -> Problem:
            return parts.framed(task, data, options, metric)

        self._learn(framed, state_of, parts.hold_out, parts.folded, started)
        return self

    @in_python
    def predict_proba(self, X: Any) -> Array:
        """``(n, classes)`` probabilities, in the order of ``classes_``.

        Raises:
            UsageError: X differs from training.
        """
        return self._outputs(X)

    @in_python
    def predict(self, X: Any) -> Array:
        """``(n,)`` most probable labels, in the type of y.

        Raises:
            UsageError: X differs from training.
        """
        most = np.argmax(self._outputs(X), axis=1)
        return np.asarray(self.classes_[most])

    def _check_classes(self, labels: Array, data: Sequences) -> None:
        counted = labels if data.weights is None else labels[data.weights > 0]
        if len(np.unique(counted)) < 2:
            raise DataError(
                f"the number of classes has to be greater than one; every label is class {counted[0]!s}"
                + ("" if data.weights is None else " (labels of weight 0 left out)")
            )
        if len(labels) < 3:
            raise DataError(f"{len(labels)} sequences are too few to learn classes from; at least 3 are needed")

    def _class_weights(self, labels: Array) -> NDArray[np.float64]:
        """Of each of ``classes_``; 1 for a class that is not among ``labels``."""
        if not (isinstance(self.class_weight, Mapping) or self.class_weight == "balanced"):
            raise UsageError(f"class_weight is {self.class_weight!r}: a dict, 'balanced' or None is needed")
        present = np.isin(self.classes_, labels)
        out = np.ones(len(self.classes_))
        weight = self.class_weight
        if isinstance(weight, Mapping):
            known = set(self.classes_[present].tolist())
            unknown = [k for k in weight if k not in set(self.classes_.tolist())]
            if unknown:
                raise UsageError(f"class_weight: {unknown[0]!r} is no label of y")
            weight = {k: v for k, v in weight.items() if k in known}
        out[present] = compute_class_weight(weight, classes=self.classes_[present], y=labels)
        return out


def _named(labels: Array) -> Array:
    """Labels as the task reads them; codes where their type has no place in JSON."""
    if labels.dtype == object:
        labels = np.array(labels.tolist())
    return labels if labels.dtype.kind in "biufU" else np.unique(labels, return_inverse=True)[1]
