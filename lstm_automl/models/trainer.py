"""The training loop: many optimiser steps in one graph call, all randomness from the seed key and the epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.models import batches, builder, losses
from lstm_automl.models.augment import augment, mix, mixup_shares, neighbour
from lstm_automl.models.feeds import Feed, Forward, input_spec
from lstm_automl.models.optimizers import momentum, optimizer
from lstm_automl.models.schedules import rates
from lstm_automl.models.steps import steps_per_epoch
from lstm_automl.spaces.neutral import read
from lstm_automl.tasks.task import Outputs, State, Task, TaskOptions

ShouldStop = Callable[[], bool]

# A graph call is cut to about this many seconds, so that signals and deadlines are seen. How an epoch is cut
# changes nothing in its result.
CALL_SECONDS = 0.5
FIRST_STEPS = 2


class Interrupted(Exception):  # noqa: N818 - an event, not a mistake
    """An epoch was left before its end; the weights are those of some step within it."""


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
        state: State,
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
        self.window: int | None = read(values, "window")
        self.spec = input_spec(frame, self.head, values, dtype)
        seed = int(batches.generator(self.seed_key, batches.WEIGHTS).integers(2**31 - 1))
        self.model = builder.build(self.spec, self.head, values, seed=seed, fast=True)
        self.optimizer = optimizer(values)
        self.optimizer.build(self.model.trainable_variables)
        self.feed = Feed(self.spec, self.head, self.window, frame.info, state)
        self._tensors = self.feed.tensors(frame)
        self._forward = Forward(self.feed, self.model, self._tensors)
        self._steps: Callable[..., Any] = tf.function(
            self._run_steps, input_signature=self._signature(), autograph=False
        )
        self._generators = [v for v in self.model.variables if v.name == "seed_generator_state"]
        self._averaged = bool(read(values, "ema"))
        self._pace: float | None = None

    def run_epoch(self, train: Index, epoch: int, should_stop: ShouldStop | None = None) -> float:
        """Train one epoch; the mean training loss over its steps, NaN when one was not finite.

        Raises:
            Interrupted: ``should_stop`` said so between two graph calls.
        """
        plan = self._plan(train, epoch)
        steps = len(plan[0])
        found, done = [], 0
        while done < steps:
            if should_stop is not None and should_stop():
                raise Interrupted
            some = self._chunk(steps - done)
            found.append(self._timed([part[done : done + some] for part in plan], some))
            if not np.isfinite(found[-1]).all():
                return float("nan")
            done += some
        return float(np.concatenate(found).mean(dtype=np.float64))

    def predict(self, examples: Index) -> Outputs:
        """``(n, ...)`` outputs in order, of the averaged weights where there are any."""
        with self.averaged():
            return self._forward(self.frame, self._tensors, examples)

    def loss(self, examples: Index, outputs: Outputs | None = None) -> float:
        """The mean loss of examples without smoothing or augmentation, as training weighs them."""
        found = self.predict(examples) if outputs is None else outputs
        index = np.asarray(examples, np.int64)
        y = self.feed.targets(self._tensors, index)
        weight = self.feed.weights(self._tensors, index, y)
        return float(losses.loss(self.head.loss, y, tf.convert_to_tensor(found), weight))

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within it the model holds its averaged weights (nothing changes without ``ema``)."""
        if not self._averaged or int(self.optimizer.iterations) == 0:
            yield
            return
        raw = [np.array(v) for v in self.model.trainable_variables]
        self.optimizer.finalize_variable_values(self.model.trainable_variables)
        try:
            yield
        finally:
            for variable, value in zip(self.model.trainable_variables, raw, strict=True):
                variable.assign(value)

    def weights(self) -> list[NDArray[Any]]:
        """What :meth:`predict` uses: a copy of ``model.get_weights()``."""
        with self.averaged():
            return [np.array(w) for w in self.model.get_weights()]

    def settle(self, weights: list[NDArray[Any]] | None) -> None:
        """End training: from here on :meth:`predict` uses ``weights`` (None: its present ones) as they are."""
        self.model.set_weights(self.weights() if weights is None else weights)
        self._averaged = False

    def variables(self) -> dict[str, Any]:
        """Everything that changes in training, by a name that is the same in every process."""
        named = {f"model_{i:04d}": v for i, v in enumerate(self.model.variables)}
        return named | {f"optimizer_{i:04d}": v for i, v in enumerate(self.optimizer.variables)}

    def _plan(self, train: Index, epoch: int) -> list[NDArray[Any]]:
        """Per step: example numbers, time steps, learning rate, seed and mixup share; seeds the network's dropout."""
        batch_size = read(self.values, "batch_size")
        lengths = self.feed.lengths(self.frame, train)
        index = batches.epoch_batches(train, lengths, batch_size, self.seed_key, epoch)
        steps = len(index)
        total = self.max_epochs * steps_per_epoch(len(train), batch_size)
        schedule = rates(read(self.values, "schedule"), float(read(self.values, "learning_rate")), total)
        rng = batches.generator(self.seed_key, batches.EPOCH, epoch)
        for variable in self._generators:
            variable.assign(rng.integers(2**32, size=variable.shape, dtype=np.uint32))
        # An epoch beyond the schedule goes on at its last rate.
        rate = schedule[np.minimum(epoch * steps + np.arange(steps), total - 1)].astype(np.float32)
        seeds = rng.integers(2**31 - 1, size=(steps, 2), dtype=np.int32)
        longest = self.feed.lengths(self.frame, index.reshape(-1)).reshape(index.shape).max(axis=1)
        return [index, longest, rate, seeds, mixup_shares(steps, rng)]

    def _chunk(self, left: int) -> int:
        wanted = FIRST_STEPS if self._pace is None else int(CALL_SECONDS / max(self._pace, 1e-6))
        return max(1, min(left, wanted))

    def _timed(self, parts: list[NDArray[Any]], steps: int) -> NDArray[Any]:
        traced = self._pace is not None
        started = time.perf_counter()
        found: NDArray[Any] = self._steps(self._tensors, *parts).numpy()
        seconds = (time.perf_counter() - started) / steps
        # The first call also traces the graph: its time says little, so the second one is short too.
        self._pace = seconds if traced else CALL_SECONDS / (4 * FIRST_STEPS)
        return found

    def _signature(self) -> list[Any]:
        return [
            self.feed.signature(self._tensors),
            tf.TensorSpec([None, None], tf.int64),
            tf.TensorSpec([None], tf.int64),
            tf.TensorSpec([None], tf.float32),
            tf.TensorSpec([None, 2], tf.int32),
            tf.TensorSpec([None], tf.float32),
        ]

    def _run_steps(self, tensors: Any, index: Any, lengths: Any, rate: Any, seeds: Any, shares: Any) -> Any:
        """``(steps,)`` losses of consecutive optimiser steps."""
        count = tf.shape(index)[0]

        def body(k: Any, found: Any) -> Any:
            self.optimizer.learning_rate = rate[k]
            value = self._step(tensors, index[k], lengths[k], seeds[k], shares[k])
            return k + 1, found.write(k, value)

        found = tf.TensorArray(self.spec.dtype, size=count, element_shape=())
        return tf.while_loop(lambda k, _: k < count, body, (0, found), parallel_iterations=1)[1].stack()

    def _step(self, tensors: Any, index: Any, length: Any, seed: Any, share: Any) -> Any:
        name = read(self.values, "augment")
        batch, valid = self.feed.inputs(tensors, index, length)
        y = self.feed.targets(tensors, index)
        weight = self.feed.weights(tensors, index, y)
        batch = augment(name, batch, valid, seed)
        if name == "mixup":
            batch = mix(batch, share)
        with tf.GradientTape() as tape:
            outputs = self.model(batch, training=True)
            value = self._loss(y, outputs, weight)
            if name == "mixup":
                kept = tf.cast(share, value.dtype)
                value = kept * value + (1 - kept) * self._loss(neighbour(y), outputs, neighbour(weight))
        variables = self.model.trainable_variables
        if self._averaged:
            self.optimizer.ema_momentum = momentum(tf.cast(self.optimizer.iterations.value, tf.float32))
        self.optimizer.apply(tape.gradient(value, [v.value for v in variables]), variables)
        return value

    def _loss(self, y: Any, outputs: Any, weight: Any) -> Any:
        smoothing = float(read(self.values, "label_smoothing"))
        return losses.loss(self.head.loss, y, outputs, weight, label_smoothing=smoothing)
