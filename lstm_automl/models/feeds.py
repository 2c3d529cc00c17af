"""From a frame to batches, inside the graph: windows are gathered from the flat fields, scaled and padded."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.models.calls import mapped
from lstm_automl.models.inputs import InputSpec
from lstm_automl.spaces.neutral import read
from lstm_automl.tasks.task import HeadSpec, State

Tensors = dict[str, Any]

STATE = "state_"
_SHARED: dict[int, Tensors] = {}


def input_spec(frame: Frame, head: HeadSpec, values: Mapping[str, Any], dtype: str = "float32") -> InputSpec:
    """What a network for this frame reads.

    A forecaster has a window of fixed length (a shorter past is continued backwards with its first row);
    any other network takes sequences of any length, with a mask where the frame's lengths differ.

    Args:
        frame: The data.
        head: What the network returns.
        values: ``window``.
        dtype: ``"float32"`` or ``"float64"``, of the network.
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


def common_length(frame: Frame, window: int | None) -> int | None:
    """The steps the network reads of each example, None where they differ."""
    lengths = np.unique(effective_lengths(frame, window))
    return int(lengths[0]) if len(lengths) == 1 else None


class Feed:
    """The batches of frames of one kind.

    Args:
        spec: What the network reads.
        head: What it returns.
        window: Steps an example may reach back, None = all.
        info: The frame's facts (``target_channels``, ``known_channels``).
        state: Scalers.
        steps: Of every example there will be, where all have the same: kernels are faster for knowing it.
    """

    def __init__(
        self,
        spec: InputSpec,
        head: HeadSpec,
        window: int | None,
        info: Mapping[str, Any],
        state: State,
        *,
        steps: int | None = None,
    ) -> None:
        self.spec, self.head, self.window = spec, head, window
        self.steps = steps if spec.length is None else spec.length
        self._known = list(info.get("known_channels") or ()) if spec.known else []
        self._targets = list(info.get("target_channels") or ()) if head.horizon else []
        self._arrays = {name: np.asarray(a) for name, a in state.arrays.items()}

    @property
    def kind(self) -> tuple[Any, ...]:
        """What shapes the part of a graph that makes batches."""
        return self.spec, self.steps, repr(self.head), self.window, tuple(self._known), tuple(self._targets)

    def tensors(self, frame: Frame) -> Tensors:
        """The frame's arrays and the scalers: all that a batch is made from.

        Scalers are data of the graph and no part of it, so that the folds of a trial share one.
        """
        static = self.spec.static > 0
        scalers = {f"{STATE}{name}": tf.convert_to_tensor(a) for name, a in self._arrays.items()}
        return {name: t for name, t in shared(frame).items() if static or name != "static"} | scalers

    @staticmethod
    def signature(tensors: Tensors) -> Tensors:
        """Specs under which one trace serves any number of rows and examples."""
        return {name: _spec(name, tensor) for name, tensor in tensors.items()}

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
        x = self._scaled(tensors, tf.gather(tensors["x"], rows), "x")  # (batch, time, features)
        lengths = tf.fill(tf.shape(end), tf.cast(steps, tf.int32))
        batch = {"x": x}
        if self.spec.mask:
            lengths = tf.cast(end - start, tf.int32)
            batch["mask"] = positions < (end - start)[:, None]
            batch["x"] = tf.where(batch["mask"][:, :, None], x, tf.zeros_like(x))
        if self.spec.static:
            static = tf.gather(tensors["static"], tf.gather(tensors["sequence"], index))
            batch["static"] = self._scaled(tensors, static, "static")
        if self.spec.known:
            ahead = tf.gather(tensors["x"], self._ahead(tensors, end))
            batch["known"] = tf.gather(self._scaled(tensors, ahead, "x"), self._known, axis=2)
        batch["x"] = tf.ensure_shape(batch["x"], (None, self.steps, self.spec.features))
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
        mean, std = self._scale(tensors, "y", y.dtype)
        return tf.cast((y - mean) / std, self.spec.dtype)

    def weights(self, tensors: Tensors, index: Any, y: Any) -> Any:
        """``(batch,)`` weight of each example: its own times that of its class."""
        weight = tf.ones(tf.shape(index), self.spec.dtype)
        if "weight" in tensors:
            weight = tf.cast(tf.gather(tensors["weight"], index), self.spec.dtype)
        if f"{STATE}class_weight" in tensors and self.head.loss == "crossentropy":
            of_class = tf.cast(tensors[f"{STATE}class_weight"], self.spec.dtype)
            weight *= tf.gather(of_class, tf.maximum(y, 0))  # a label that training never saw has code -1
        return weight

    def _ahead(self, tensors: Tensors, end: Any) -> Any:
        rows = end[:, None] + tf.range(tf.cast(self.head.horizon, tf.int64))
        return tf.minimum(rows, tf.shape(tensors["x"], tf.int64)[0] - 1)

    def _scaled(self, tensors: Tensors, value: Any, name: str) -> Any:
        mean, std = self._scale(tensors, name, value.dtype)
        # Scaled in the precision of the data, so that a large offset does not cost digits.
        scaled = tf.cast((value - mean) / std, self.spec.dtype)
        return tf.where(tf.math.is_nan(scaled), tf.zeros_like(scaled), scaled)

    def _scale(self, tensors: Tensors, name: str, dtype: Any) -> tuple[Any, Any]:
        ahead = name == "y" and bool(self._targets) and f"{STATE}y_mean" not in tensors
        source = f"{STATE}{'x' if ahead else name}"
        if f"{source}_mean" not in tensors:
            return tf.constant(0, dtype), tf.constant(1, dtype)
        mean, std = tf.cast(tensors[f"{source}_mean"], dtype), tf.cast(tensors[f"{source}_std"], dtype)
        return (tf.gather(mean, self._targets), tf.gather(std, self._targets)) if ahead else (mean, std)


def shared(frame: Frame) -> Tensors:
    """The arrays of a frame as tensors, made once for all who train on it; mapped files stay mapped on the CPU."""
    found = _SHARED.get(id(frame))
    if found is None:
        arrays = {name: frame.fields[name].values for name in ("x", "y", "weight", "static") if name in frame.fields}
        arrays |= {name: frame.examples[name] for name in ("sequence", "low", "end")}
        found = _SHARED[id(frame)] = {name: mapped(a) for name, a in arrays.items()}
        weakref.finalize(frame, _SHARED.pop, id(frame), None)
    return found


def _spec(name: str, tensor: Any) -> Any:
    rows = tensor.shape[:1] if name.startswith(STATE) and len(tensor.shape) else [None]
    return tf.TensorSpec([*rows, *tensor.shape[1:]] if len(tensor.shape) else [], tensor.dtype)
