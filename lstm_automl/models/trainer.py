"""The training loop: many optimiser steps in one graph call, all randomness from the seed key and the epoch."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.models import batches, builder
from lstm_automl.models.augment import mixup_shares
from lstm_automl.models.calls import Interrupted, ShouldStop, uncollected
from lstm_automl.models.feeds import Feed, common_length, input_spec
from lstm_automl.models.graph import graph
from lstm_automl.models.pace import affordable
from lstm_automl.models.schedules import rates
from lstm_automl.models.steps import steps_per_epoch
from lstm_automl.models.updates import State
from lstm_automl.spaces.neutral import read
from lstm_automl.tasks.task import Outputs, Task, TaskOptions
from lstm_automl.tasks.task import State as Scalers

# A graph call is cut to about this many seconds, so that signals and deadlines are seen. How an epoch is cut
# changes nothing in its result.
CALL_SECONDS = 0.5


class Trainer:
    """A network, its optimiser and the data they are trained on.

    Args:
        task: Gives the head.
        frame: Training and validation examples.
        state: Scalers and class weights of the training part.
        values: Hyper-parameters; what is absent is neutral.
        seed_key: Seeds everything: equal key, values, data and epochs, equal weights.
        options: The task's options.
        max_epochs: Length of the learning-rate schedule.
        dtype: ``"float32"`` or ``"float64"``.
    """

    def __init__(
        self,
        task: Task,
        frame: Frame,
        state: Scalers,
        values: Mapping[str, Any],
        *,
        seed_key: tuple[int, ...],
        options: TaskOptions,
        max_epochs: int,
        dtype: str = "float32",
    ) -> None:
        self.task, self.frame, self.state, self.values = task, frame, state, dict(values)
        self.seed_key, self.options, self.max_epochs = tuple(seed_key), options, max_epochs
        self.head = task.head(frame, values)
        self.spec = input_spec(frame, self.head, values, dtype)
        window = read(values, "window")
        self.feed = Feed(self.spec, self.head, window, frame.info, state, steps=common_length(frame, window))
        self._tensors = self.feed.tensors(frame)
        seed = int(batches.generator(self.seed_key, batches.WEIGHTS).integers(2**31 - 1))
        with uncollected():
            model = builder.build(self.spec, self.head, values, seed=seed, fast=True)
        self.graph = graph(self.feed, values, model, self._tensors)
        self._now = self.graph.start(model)
        decay = self.graph.layout.decay(float(read(values, "weight_decay") or 0)) if self.graph.decays else ()
        self._decay = tf.constant(decay, self.spec.dtype)
        self._averaged = bool(read(values, "ema"))
        self._pace: float | None = None  # seconds a step of a sequence

    def run_epoch(self, train: Index, epoch: int, should_stop: ShouldStop | None = None) -> float:
        """Train one epoch; the mean training loss over its steps, NaN when one was not finite.

        Raises:
            Interrupted: ``should_stop`` said so between two graph calls; it stands where it stood before the epoch.
        """
        plan, now = self._plan(train, epoch), self._seeded(epoch)
        rows = plan[1] * plan[0].shape[1]  # of each step
        found, done = [], 0
        while done < len(rows):
            if should_stop is not None and should_stop():
                raise Interrupted
            some = slice(done, done + affordable(rows[done:], self._pace, CALL_SECONDS))
            now, losses = self._timed(now, [part[some] for part in plan], int(rows[some].sum()))
            found.append(losses)
            if not np.isfinite(losses).all():
                return float("nan")
            done = some.stop
        self._now = now
        return float(np.concatenate(found).mean(dtype=np.float64))

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Around what must be done as a whole: interrupted, the trainer stands where it stood before."""
        before = self._now
        try:
            yield
        except Interrupted:
            self._now = before
            raise

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole epochs so far."""
        return int(self._now["iterations"])

    def predict(self, examples: Index) -> Outputs:
        """``(n, ...)`` outputs in order, of the averaged weights where there are any."""
        return self.validate(examples)[0]

    def validate(self, examples: Index, should_stop: ShouldStop | None = None) -> tuple[Outputs, float]:
        """Outputs, and their mean loss without smoothing or augmentation, as training weighs it.

        Raises:
            Interrupted: ``should_stop`` said so between two graph calls.
        """
        state = self._predicting()
        weights = {name: state[name] for name in ("weights", "others")}
        # Training goes through a row forwards and backwards: validation is faster.
        return self.graph.forward(self.frame, self._tensors, examples, weights, should_stop, self._pace)

    def weights(self, *, averaged: bool = True) -> list[NDArray[Any]]:
        """The arrays of ``model.get_weights()``: what :meth:`predict` uses, or what training goes on with."""
        return self.graph.weights(self._predicting() if averaged else self._now)

    def settle(self, weights: list[NDArray[Any]] | None) -> None:
        """End training: from here on :meth:`predict` uses ``weights`` (None: its present ones) as they are."""
        state = self._predicting()
        self._now = state if weights is None else self.graph.with_weights(state, weights)
        self._averaged = False

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Everything that changes in training, by a name that is the same in every process."""
        named = {f"state_{name}": value.numpy() for name, value in self._now.items() if name != "others"}
        return named | {f"other_{i:04d}": v.numpy() for i, v in enumerate(self._now["others"])}

    def rewind(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a :meth:`snapshot`.

        Raises:
            KeyError, ValueError: names or shapes differ; nothing is changed then.
        """
        present = self.snapshot()
        if present.keys() != arrays.keys():
            raise KeyError(f"{len(arrays)} arrays for {len(present)} variables")
        for name, value in present.items():
            if value.shape != arrays[name].shape or value.dtype != arrays[name].dtype:
                raise ValueError(f"{name} has shape {arrays[name].shape}, not {value.shape}")
        new = {name: tf.convert_to_tensor(arrays[f"state_{name}"]) for name in self._now if name != "others"}
        others = [tf.convert_to_tensor(arrays[f"other_{i:04d}"]) for i in range(len(self._now["others"]))]
        self._now = {**new, "others": others}

    def _predicting(self) -> State:
        """The state with averaged weights in the place of those that training goes on with."""
        if not self._averaged or not self.steps:
            return self._now
        return {**self._now, "weights": self._now["average"]}

    def _seeded(self, epoch: int) -> State:
        """The state with the network's dropout seeded for an epoch."""
        rng = batches.generator(self.seed_key, batches.DROPOUT, epoch)
        others = list(self._now["others"])
        for i in self.graph.generators:
            others[i] = tf.cast(rng.integers(2**32, size=others[i].shape, dtype=np.uint32), others[i].dtype)
        return {**self._now, "others": others}

    def _plan(self, train: Index, epoch: int) -> list[NDArray[Any]]:
        """Per step: example numbers, time steps, learning rate, seed and mixup share."""
        batch_size = read(self.values, "batch_size")
        lengths = self.feed.lengths(self.frame, train)
        index = batches.epoch_batches(train, lengths, batch_size, self.seed_key, epoch)
        steps = len(index)
        total = self.max_epochs * steps_per_epoch(len(train), batch_size)
        schedule = rates(read(self.values, "schedule"), float(read(self.values, "learning_rate")), total)
        rng = batches.generator(self.seed_key, batches.EPOCH, epoch)
        # An epoch beyond the schedule goes on at its last rate.
        rate = schedule[np.minimum(epoch * steps + np.arange(steps), total - 1)].astype(np.float32)
        seeds = rng.integers(2**31 - 1, size=(steps, 2), dtype=np.int32)
        longest = self.feed.lengths(self.frame, index.reshape(-1)).reshape(index.shape).max(axis=1)
        return [index, longest, rate, seeds, mixup_shares(steps, rng)]

    def _timed(self, state: State, parts: list[NDArray[Any]], rows: int) -> tuple[State, NDArray[Any]]:
        started = time.perf_counter()
        state, losses = self.graph.train(self._tensors, self._decay, state, *parts)
        found = losses.numpy()
        # The first call may trace the graph, too: its pace is too slow, and the second one short for it.
        self._pace = (time.perf_counter() - started) / rows
        return state, found
