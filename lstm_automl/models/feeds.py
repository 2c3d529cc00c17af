"""From a frame to batches, inside the graph: windows are gathered from the flat fields, scaled and padded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.models.batches import prediction_batches
from lstm_automl.models.inputs import InputSpec
from lstm_automl.spaces.neutral import read
from lstm_automl.tasks.task import HeadSpec, Outputs, State

Tensors = dict[str, Any]


def input_spec(frame: Frame, head: HeadSpec, values: Mapping[str, Any], dtype: str = "float32") -> InputSpec:
    """What a network for this frame reads.

    A forecaster has a window of fixed length (a shorter past is continued backwards with its first row);
    any other network takes sequences of any length, with a mask where the frame's lengths differ.
    """
    window = read(values, "window")
    fixed = bool(head.horizon and window)
    lengths = effective_lengths(frame, window)
    ragged = len(lengths) > 0 and bool(lengths.min() != lengths.max())
    return InputSpec(
        features=frame.features,
        static=frame.static,
        known=len(frame.info.get("known_channels") or ()) if head.horizon else 0,
        mask=ragged and not fixed,
        length=int(window) if fixed else None,
        dtype=dtype,
    )


def effective_lengths(frame: Frame, window: int | None) -> NDArray[np.int64]:
    """``(examples,)`` steps the network reads of each example."""
    lengths = frame.lengths
    return lengths if window is None else np.minimum(lengths, int(window))


class Feed:
    """The batches of frames of one kind.

    Args:
        spec: What the network reads.
        head: What it returns.
        window: Steps an example may reach back, None = all.
        info: The frame's facts (``target_channels``, ``known_channels``).
        state: Scalers.
    """

    def __init__(
        self, spec: InputSpec, head: HeadSpec, window: int | None, info: Mapping[str, Any], state: State
    ) -> None:
        self.spec, self.head, self.window = spec, head, window
        self._known = list(info.get("known_channels") or ()) if spec.known else []
        self._targets = list(info.get("target_channels") or ()) if head.horizon else []
        self._arrays = {name: np.asarray(a) for name, a in state.arrays.items()}

    def tensors(self, frame: Frame) -> Tensors:
        """The frame's arrays as tensors, sharing memory where the device is the CPU."""
        names = ("x", "y", "weight", "static") if self.spec.static else ("x", "y", "weight")
        arrays = {name: frame.fields[name].values for name in names if name in frame.fields}
        arrays |= {name: frame.examples[name] for name in ("sequence", "low", "end")}
        return {name: tf.convert_to_tensor(np.asarray(a)) for name, a in arrays.items()}

    def signature(self, tensors: Tensors) -> Tensors:
        """Specs under which one trace serves any number of rows and examples."""
        return {name: tf.TensorSpec([None, *t.shape[1:]], t.dtype) for name, t in tensors.items()}

    def lengths(self, frame: Frame, examples: Index) -> NDArray[np.int64]:
        """Steps of each example in a batch."""
        if self.spec.length is not None:
            return np.full(len(examples), self.spec.length, np.int64)
        return effective_lengths(frame, self.window)[examples]

    def inputs(self, tensors: Tensors, index: Any, steps: Any) -> tuple[Tensors, Any]:
        """A batch ``{name: tensor}`` of ``steps`` time steps, and its ``(batch,)`` int32 valid lengths."""
        end, start = tf.gather(tensors["end"], index), tf.gather(tensors["low"], index)
        if self.window is not None:
            start = tf.maximum(start, end - self.window)
        positions = tf.range(tf.cast(steps, tf.int64))[None, :]
        if self.spec.length is not None:
            rows = tf.maximum(end[:, None] - self.spec.length + positions, start[:, None])
        else:
            rows = tf.minimum(start[:, None] + positions, end[:, None] - 1)
        x = self._scaled(tf.gather(tensors["x"], rows), "x")  # (batch, time, features)
        lengths = tf.fill(tf.shape(end), tf.cast(steps, tf.int32))
        batch = {"x": x}
        if self.spec.mask:
            lengths = tf.cast(end - start, tf.int32)
            batch["mask"] = positions < (end - start)[:, None]
            batch["x"] = tf.where(batch["mask"][:, :, None], x, tf.zeros_like(x))
        if self.spec.static:
            static = tf.gather(tensors["static"], tf.gather(tensors["sequence"], index))
            batch["static"] = self._scaled(static, "static")
        if self.spec.known:
            ahead = tf.gather(tensors["x"], self._ahead(tensors, end))
            batch["known"] = tf.gather(self._scaled(ahead, "x"), self._known, axis=2)
        batch["x"] = tf.ensure_shape(batch["x"], (None, self.spec.length, self.spec.features))
        return batch, lengths

    def targets(self, tensors: Tensors, index: Any) -> Any:
        """``(batch,)`` codes, or scaled: ``(batch, outputs)`` numbers, ``(batch, horizon, outputs)`` rows ahead."""
        if self.head.horizon:
            rows = tf.gather(tensors["x"], self._ahead(tensors, tf.gather(tensors["end"], index)))
            y = tf.gather(rows, self._targets, axis=2)
        else:
            y = tf.gather(tensors["y"], index)
            if self.head.loss == "crossentropy":
                return tf.cast(y, tf.int32)
            y = tf.reshape(y, (tf.shape(index)[0], self.head.outputs))
        mean, std = self._scale("y", y.dtype)
        return tf.cast((y - mean) / std, self.spec.dtype)

    def weights(self, tensors: Tensors, index: Any, y: Any) -> Any:
        """``(batch,)`` weight of each example: its own times that of its class."""
        weight = tf.ones(tf.shape(index), self.spec.dtype)
        if "weight" in tensors:
            weight = tf.cast(tf.gather(tensors["weight"], index), self.spec.dtype)
        if "class_weight" in self._arrays and self.head.loss == "crossentropy":
            of_class = tf.constant(self._arrays["class_weight"], self.spec.dtype)
            weight *= tf.gather(of_class, tf.maximum(y, 0))  # a label that training never saw has code -1
        return weight

    def _ahead(self, tensors: Tensors, end: Any) -> Any:
        rows = end[:, None] + tf.range(tf.cast(self.head.horizon, tf.int64))
        return tf.minimum(rows, tf.shape(tensors["x"], tf.int64)[0] - 1)

    def _scaled(self, value: Any, name: str) -> Any:
        mean, std = self._scale(name, value.dtype)
        # Scaled in the precision of the data, so that a large offset does not cost digits.
        scaled = tf.cast((value - mean) / std, self.spec.dtype)
        return tf.where(tf.math.is_nan(scaled), tf.zeros_like(scaled), scaled)

    def _scale(self, name: str, dtype: Any) -> tuple[Any, Any]:
        if f"{name}_mean" in self._arrays:
            return tuple(tf.constant(self._arrays[f"{name}_{part}"], dtype) for part in ("mean", "std"))
        if name == "y" and self._targets and "x_mean" in self._arrays:
            return tuple(tf.constant(self._arrays[f"x_{part}"][self._targets], dtype) for part in ("mean", "std"))
        return tf.constant(0, dtype), tf.constant(1, dtype)


class Forward:
    """A network over a frame: outputs of any examples, in order, traced once.

    Args:
        feed: Makes the batches.
        model: Called with them, not training.
        tensors: Of any frame of the kind, for their types.
    """

    def __init__(self, feed: Feed, model: Any, tensors: Tensors) -> None:
        self._feed = feed

        def call(tensors: Tensors, index: Any, steps: Any) -> Any:
            return model(feed.inputs(tensors, index, steps)[0], training=False)

        signature = [feed.signature(tensors), tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int64)]
        self._call: Callable[..., Any] = tf.function(call, input_signature=signature, autograph=False)
        self._shape = tuple(model.output_shape[1:])

    def __call__(self, frame: Frame, tensors: Tensors, examples: Index) -> Outputs:
        """``(n, ...)`` outputs. A sequence's outputs do not depend on which others are asked for."""
        spec = self._feed.spec
        outputs = np.empty((len(examples), *self._shape), spec.dtype)
        lengths = self._feed.lengths(frame, examples)
        # A network without a mask cannot tell padding from data: its batches have one length each.
        for batch in prediction_batches(lengths, exact=not spec.mask) if len(examples) else ():
            index = np.asarray(examples[batch], np.int64)
            outputs[batch] = self._call(tensors, index, np.int64(lengths[batch].max())).numpy()
        return outputs
