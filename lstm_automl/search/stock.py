"""A task's data as the padded arrays that ``model.fit`` and a stock Keras Tuner take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.data.split import Index
from lstm_automl.errors import UsageError
from lstm_automl.models import masks
from lstm_automl.models.builder import build
from lstm_automl.models.feeds import Feed, input_spec
from lstm_automl.models.inputs import InputSpec
from lstm_automl.models.parts import Signal
from lstm_automl.spaces.neutral import read
from lstm_automl.spaces.space import Space
from lstm_automl.tasks import sources
from lstm_automl.tasks.task import Prepared, State, Task, TaskOptions

Source = sources.Source | None
Batch = tuple[dict[str, NDArray[Any]], NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class Stock:
    """A framed and split task, read with the widest window of a space.

    Args:
        task: The task.
        prepared: Frame and split.
        state: Scalers of the training part.
        widest: The longest window of the space, None = whole sequences.
    """

    task: Task
    prepared: Prepared
    state: State
    widest: int | None

    @classmethod
    def of(cls, task: Task, space: Space, data: Source, options: Mapping[str, Any], seed: int) -> Stock:
        """Read, frame and split; the validation part is one of the first fold."""
        train, chosen = _read(task, data, options)
        prepared = task.prepare(Parts(train), chosen, seed=seed, folds=1)
        state = task.fit_state(prepared.frame, prepared.split.folds[0].train, chosen)
        return cls(task, prepared, state, widest_window(space))

    def spec(self) -> InputSpec:
        """What the arrays look like."""
        frame, values = self.prepared.frame, {"window": self.widest}
        return input_spec(frame, self.task.head(frame, values), values)

    def arrays(self, examples: Index) -> Batch:
        """Inputs by name, targets and weights of these examples, padded to the longest of all."""
        frame, head = self.prepared.frame, self.task.head(self.prepared.frame, {"window": self.widest})
        feed = Feed(self.spec(), head, self.widest, frame.info, self.state)
        tensors, index = feed.tensors(frame), np.asarray(examples, np.int64)
        steps = np.int64(feed.lengths(frame, np.arange(len(frame))).max())
        batch, _ = feed.inputs(tensors, index, steps)
        y = feed.targets(tensors, index)
        weight = feed.weights(tensors, index, y)
        return {n: np.array(v) for n, v in batch.items()}, np.array(y), np.array(weight)

    def network(self, values: Mapping[str, Any], seed: int) -> keras.Model:
        """The network of these values on arrays of the widest window: it reads the last ``window`` steps."""
        head = self.task.head(self.prepared.frame, values)
        whole, window = self.spec(), read(values, "window")
        if window is None or window == self.widest:
            return build(whole, head, values, seed=seed)
        inner = build(replace(whole, length=whole.length and int(window)), head, values, seed=seed)
        tensors = whole.tensors(head.horizon)
        signal = masks.latest(Signal(tensors["x"], tensors.get("mask")), int(window))
        cut = {**tensors, "x": signal.x} | ({"mask": signal.mask} if signal.mask is not None else {})
        return keras.Model(tensors, inner(cut))


def widest_window(space: Space) -> int | None:
    """The longest window a space can propose.

    >>> from lstm_automl.spaces.space import Parameter
    >>> widest_window(Space("regression", {"window": Parameter("window", "choice", 20, values=(50, 20))}))
    50
    """
    window = space.parameters.get("window")
    return None if window is None else int(max(float(v) for v in (*window.grid(), window.default)))


def _read(task: Task, data: Source, options: Mapping[str, Any]) -> tuple[Sequences, TaskOptions]:
    try:
        chosen = task.options(**options)
    except ValidationError as wrong:
        raise UsageError(f"options of {task.name}: {wrong}") from None
    source = "demo" if data is None else data
    sources.refuse_columns(chosen, source)
    return sources.training(task, source, chosen)
