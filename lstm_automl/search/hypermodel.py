"""A space and a task for people who drive Keras Tuner themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np

from lstm_automl import plugins
from lstm_automl.errors import UsageError
from lstm_automl.models.losses import loss_per_example
from lstm_automl.models.optimizers import optimizer
from lstm_automl.models.schedules import rates
from lstm_automl.search.hyperparameters import from_hyperparameters, to_hyperparameters
from lstm_automl.search.stock import Source, Stock
from lstm_automl.spaces import loader
from lstm_automl.spaces.neutral import read
from lstm_automl.spaces.space import Space


def hypermodel(
    task: str, space: Space | str | Path | None = None, data: Source = None, *, seed: int = 0, **options: Any
) -> SpaceHyperModel:
    """A ``keras_tuner.HyperModel`` of a space, for any stock tuner (needs ``tensorboard``: extra ``tuner``).

    Args:
        task: A registered task.
        space: A space, the name of a shipped one or a YAML file; None = the task's shipped space.
        data: A file, a built-in name, sequences or ``(X, y)``; None = the task's demo set.
        seed: Of the split and the initial weights.
        **options: The task's options.

    Returns:
        A hyper-model; ``tuner.search(**model.arrays(), epochs=...)`` trains on the data's training part and
        validates on its validation part.

    Raises:
        UsageError: a space, data or option that cannot be used.

    Example::

        model = lstm_automl.hypermodel("classification", data="digits")
        tuner = keras_tuner.RandomSearch(model, objective=model.objective, max_trials=5)
        tuner.search(**model.arrays(), epochs=20)
    """
    chosen = plugins.load("task", task)()
    if not isinstance(space, Space):
        space = loader.load(space or task, task=task)
    elif space.task != task:
        raise UsageError(f"a space for {space.task}; this is a model for {task}")
    space = without(space, "augment")
    return SpaceHyperModel(space, Stock.of(chosen, space, data, options, seed), seed)


class SpaceHyperModel(keras_tuner.HyperModel):  # type: ignore[misc]
    """Declares a space, builds its networks and trains them as the values say.

    ``augment`` is left out: ``model.fit`` is given arrays and has no place for it. Batch size, schedule and
    averaged weights are set in :meth:`fit`, which Keras Tuner calls.
    """

    def __init__(self, space: Space, stock: Stock, seed: int) -> None:
        super().__init__(name=f"lstm_automl_{space.task}")
        self.space, self.stock, self.seed = space, stock, seed

    @property
    def objective(self) -> keras_tuner.Objective:
        """Accuracy of labels, squared error of numbers: comparable over every loss in the space."""
        if self._classifies:
            return keras_tuner.Objective("val_accuracy", "max")
        return keras_tuner.Objective("val_mse", "min")

    def arrays(self) -> dict[str, Any]:
        """Arguments of ``fit``: padded to the longest sequence, scaled by the training part.

        ``x`` is a dict of arrays (``x`` of it ``(n, time, features)``), ``y`` ``(n, ...)``, ``sample_weight`` ``(n,)``;
        ``validation_data`` is a tuple of the three.
        """
        fold = self.stock.prepared.split.folds[0]
        x, y, weight = self.stock.arrays(fold.train)
        return {
            "x": x, "y": y, "sample_weight": weight, "validation_data": self.stock.arrays(fold.valid)
        }  # fmt: skip

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """The compiled network of ``hp``."""
        values = to_hyperparameters(self.space, hp)
        model = self.stock.network(values, self.seed)
        head = self.stock.task.head(self.stock.prepared.frame, values)
        if self._classifies:
            metric: keras.Metric = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        else:
            metric = keras.metrics.MeanSquaredError(name="mse")
        model.compile(
            optimizer=optimizer(values),
            loss=_Loss(head.loss, float(read(values, "label_smoothing"))),
            weighted_metrics=[metric],
        )
        # Built, so that a tuner finds a place for every saved variable when it loads the best weights.
        model.optimizer.build(model.trainable_variables)
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        """``model.fit`` with the batch size, schedule and averaging of ``hp``; an argument given explicitly wins."""
        values = from_hyperparameters(self.space, dict(hp.values))
        kwargs.setdefault("batch_size", read(values, "batch_size"))
        # Before the tuner's own callbacks, so that what they save is what was validated.
        kwargs["callbacks"] = [*_callbacks(values), *(kwargs.get("callbacks") or ())]
        return model.fit(*args, **kwargs)

    @property
    def _classifies(self) -> bool:
        return self.stock.task.head(self.stock.prepared.frame, {}).loss == "crossentropy"


def without(space: Space, name: str) -> Space:
    """The space without a parameter and without what depends on it."""
    kept: dict[str, Any] = {}
    for p in space.parameters.values():
        if p.name != name and all(parent in kept for parent in p.when):
            kept[p.name] = p
    return replace(space, parameters=kept)


class _Loss(keras.losses.Loss):  # type: ignore[misc]
    """One of our losses as Keras compiles it."""

    def __init__(self, loss: str, label_smoothing: float) -> None:
        super().__init__(name=loss)
        self._loss, self._label_smoothing = loss, label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return loss_per_example(self._loss, y_true, y_pred, label_smoothing=self._label_smoothing)


class _Schedule(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the learning rate before every step."""

    def __init__(self, schedule: str, base: float) -> None:
        super().__init__()
        self._schedule, self._base, self._step = schedule, base, 0
        self._rates = np.empty(0)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        total = int(self.params["epochs"]) * int(self.params["steps"] or 1)
        self._rates, self._step = rates(self._schedule, self._base, total), 0

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.model.optimizer.learning_rate = self._rates[min(self._step, len(self._rates) - 1)]
        self._step += 1


def _callbacks(values: Mapping[str, Any]) -> list[keras.callbacks.Callback]:
    found: list[keras.callbacks.Callback] = []
    if read(values, "ema"):
        found.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    if read(values, "schedule") != "constant":
        found.append(_Schedule(str(read(values, "schedule")), float(read(values, "learning_rate"))))
    return found
