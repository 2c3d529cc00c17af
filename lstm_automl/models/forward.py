"""A network over a frame, without training."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.models.batches import prediction_batches
from lstm_automl.models.calls import Compiled, Interrupted, ShouldStop
from lstm_automl.models.feeds import Feed, Tensors
from lstm_automl.models.pace import affordable
from lstm_automl.tasks.task import Outputs

CALL_SECONDS = 1.0
"""About as long is a graph call where somebody may want an end. How the work is cut changes nothing in its result."""

CALL_NUMBERS = 20_000_000
"""About as many numbers does a graph call return: within it they are held twice, besides all outputs."""


class Forward:
    """A network over a frame: outputs of any examples, in order, by a graph traced once.

    Args:
        feed: Makes the batches.
        apply: ``(weights, batch) -> outputs``, not training.
        tensors: Of any frame of the kind, for their types.
        outputs: Shape of one example's outputs.
        weights: Of any network of the kind, for their types.
        losses: ``(y, outputs) -> (batch,)`` losses; None = no losses wanted.
    """

    def __init__(
        self,
        feed: Feed,
        apply: Callable[[Any, Tensors], Any],
        tensors: Tensors,
        outputs: tuple[int, ...],
        *,
        weights: Any = (),
        losses: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        self._feed, self._apply, self._losses, self._shape = feed, apply, losses, outputs
        one = tf.TensorSpec([None], tf.int64)
        types, sums = tf.nest.map_structure(tf.TensorSpec.from_tensor, weights), tf.TensorSpec([2], feed.spec.dtype)
        self.call = Compiled(self._batches, [feed.signature(tensors), types, one, one, one, sums])
        self._traced = False
        self._pace: float | None = None  # seconds a step of a sequence

    def __call__(
        self,
        frame: Frame,
        tensors: Tensors,
        examples: Index,
        weights: Any = (),
        should_stop: ShouldStop | None = None,
        pace: float | None = None,
    ) -> tuple[Outputs, float]:
        """``(n, ...)`` outputs and their mean loss (NaN where none was wanted).

        A sequence's outputs do not depend on which others are asked for.

        Args:
            frame: The examples' data.
            tensors: Of the frame.
            examples: Numbers of those wanted.
            weights: Of the network.
            should_stop: Looked at between graph calls; None = they are as few as memory lets them be.
            pace: Seconds a step of a sequence takes at most, for as long as no call has shown it; None = unknown.

        Raises:
            Interrupted: ``should_stop`` said so while more than one graph call was left.
        """
        outputs = np.empty((len(examples), *self._shape), self._feed.spec.dtype)
        if not len(examples):
            return outputs, float("nan")
        lengths = self._feed.lengths(frame, examples)
        # A network without a mask cannot tell padding from data: its batches have one length each.
        batches = prediction_batches(lengths, exact=not self._feed.spec.mask)
        order = np.concatenate(batches)
        ends = np.cumsum([len(batch) for batch in batches], dtype=np.int64)
        steps = np.array([lengths[batch].max() for batch in batches], np.int64)
        index, rows = np.asarray(examples, np.int64)[order], np.diff(ends, prepend=0) * steps
        numbers = np.diff(ends, prepend=0) * math.prod(self._shape)
        first = start = 0
        # Summed from call to call, batch after batch: the loss is the same to the last digit however it is cut.
        sums, loss = tf.zeros(2, self._feed.spec.dtype), float("nan")
        while first < len(batches):
            known = self._pace or pace
            last = first + _count(numbers[first:], None if should_stop is None else rows[first:], known)
            if should_stop is not None and first and known and last < len(batches) and should_stop():
                raise Interrupted
            began, end = time.perf_counter(), ends[last - 1]
            given = index[start:end], ends[first:last] - start, steps[first:last]
            found, sums, loss = self.call(tensors, weights, *given, sums)
            outputs[order[start:end]] = found.numpy()
            del found  # the next call makes its own
            self._time(time.perf_counter() - began, int(rows[first:last].sum()))
            first, start = last, end
        return outputs, float(loss)

    def _time(self, seconds: float, rows: int) -> None:
        # The first call also traces the graph: its time says little.
        if self._traced:
            self._pace = seconds / max(1, rows)
        self._traced = True

    def _batches(self, tensors: Tensors, weights: Any, index: Any, ends: Any, steps: Any, sums: Any) -> Any:
        dtype = self._feed.spec.dtype
        count = tf.size(ends)

        def body(k: Any, start: Any, found: Any, sums: Any) -> Any:
            some = index[start : ends[k]]
            outputs = self._apply(weights, self._feed.inputs(tensors, some, steps[k])[0])
            if self._losses is not None:
                y = self._feed.targets(tensors, some)
                weight = self._feed.weights(tensors, some, y)
                sums += tf.stack([tf.reduce_sum(self._losses(y, outputs) * weight), tf.reduce_sum(weight)])
            return k + 1, ends[k], found.write(k, outputs), sums

        found = tf.TensorArray(dtype, size=count, infer_shape=False, element_shape=[None, *self._shape])
        start = (0, tf.zeros((), tf.int64), found, sums)
        _, _, found, sums = tf.while_loop(lambda k, *_: k < count, body, start, parallel_iterations=1)
        loss = sums[0] / tf.maximum(sums[1], 1e-12) if self._losses is not None else tf.constant(np.nan, dtype)
        return found.concat(), sums, loss


def _count(numbers: NDArray[np.int64], rows: NDArray[np.int64] | None, pace: float | None) -> int:
    """The leading batches of the next call: bounded in what they return and, where ``rows`` are given, in time."""
    count = affordable(numbers, 1.0, CALL_NUMBERS)
    return count if rows is None else min(count, affordable(rows, pace, CALL_SECONDS))
