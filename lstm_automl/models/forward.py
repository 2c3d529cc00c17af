"""A network over a frame, without training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.models.batches import prediction_batches
from lstm_automl.models.calls import Compiled
from lstm_automl.models.feeds import Feed, Tensors
from lstm_automl.tasks.task import Outputs


class Forward:
    """A network over a frame: outputs of any examples, in order, in one graph call, traced once.

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
        signature = [feed.signature(tensors), tf.nest.map_structure(tf.TensorSpec.from_tensor, weights), one, one, one]
        self.call = Compiled(self._batches, signature)

    def __call__(self, frame: Frame, tensors: Tensors, examples: Index, weights: Any = ()) -> tuple[Outputs, float]:
        """``(n, ...)`` outputs and their mean loss (NaN where none was wanted).

        A sequence's outputs do not depend on which others are asked for.
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
        found, loss = self.call(tensors, weights, np.asarray(examples, np.int64)[order], ends, steps)
        outputs[order] = found.numpy()
        return outputs, float(loss)

    def _batches(self, tensors: Tensors, weights: Any, index: Any, ends: Any, steps: Any) -> Any:
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
        start = (0, tf.zeros((), tf.int64), found, tf.zeros(2, dtype))
        _, _, found, sums = tf.while_loop(lambda k, *_: k < count, body, start, parallel_iterations=1)
        loss = sums[0] / tf.maximum(sums[1], 1e-12) if self._losses is not None else tf.constant(np.nan, dtype)
        return found.concat(), loss
