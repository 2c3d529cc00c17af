"""What the fused layers share: Keras' weights, arguments and results, run by the kernel that the rule names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import tensorflow as tf

from lstm_automl.models.kernels import masking, rule
from lstm_automl.models.kernels.gates import Gates
from lstm_automl.models.kernels.hoisted import hoisted


class Fused(keras.layers.RNN):  # type: ignore[misc]
    """Beside a recurrent layer of Keras, before it among the bases: the same results, faster on the CPU.

    Three things differ. Recurrent dropout draws one mask a sequence for all gates, where Keras draws one for each.
    Dropout masks are drawn in training alone. Gradients of gradients are not to be had.

    Registered under names of their own, because ``Bidirectional`` rebuilds its two layers from their configs.

    Args:
        units: Width, at least 1.
        right_padded: Masks are known to be True and then False along time, which saves the search for gaps.
        arguments: As of Keras' layer.
    """

    kind: ClassVar[rule.Cell]
    gates: ClassVar[type[Gates]]

    def __init__(self, units: int, right_padded: bool = False, **arguments: Any) -> None:
        super().__init__(units, **arguments)
        self.right_padded = right_padded
        self.fused = fusable(self)
        if self.fused and self.kind == "lstm":
            self.supports_jit = False  # XLA has no block kernel
        if self.fused and self.recurrent_dropout and hasattr(self.cell, "dropout_mask_count"):
            # Of Keras' two ways to write a cell, the one with a single mask.
            self.cell.implementation = 2
            del self.cell.dropout_mask_count

    def kernel_for(self, shape: Any) -> rule.Kernel:
        """The kernel for inputs of this shape ``(batch, time, features)``; None where a size is unknown."""
        if not self.fused:
            return "plain"
        steps, features = shape[1:]
        kept = bool(self.recurrent_dropout)
        return rule.kernel(steps, features, self.units, cell=self.kind, dtype=self.compute_dtype, kept=kept)

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool | None = False) -> Any:
        """Last output, outputs and final state, as of Keras' ``inner_loop``."""
        kernel = self.kernel_for(sequences.shape)
        if kernel == "plain":
            super()._maybe_config_dropout_masks(self.cell, sequences[:, 0, :], initial_state)
            return super().inner_loop(sequences, initial_state, mask, training=training)
        start = [tf.convert_to_tensor(part) for part in keras.tree.flatten(initial_state)]
        x, kept = self._dropped(sequences, start[0], training)
        mask = None if mask is None else keras.tree.flatten(mask)[0]
        order = masking.order(mask, backwards=self.go_backwards, right_padded=self.right_padded)
        x = tf.transpose(order.arrange(x), (1, 0, 2))
        wanted = self.return_state or self.stateful
        found = self._run(kernel, x, start, kept, len(start) if wanted else 1, bool(training))
        h = found[0]
        last, zeros = order.last(h, tf.zeros_like(start[0])), self.zero_output_for_mask
        # States that nobody reads: not worth the kernel's collecting them.
        state = [order.last(*pair) for pair in zip(found, start, strict=True)] if wanted else [last] * len(start)
        if self.return_sequences:
            return last, order.restore(tf.transpose(h, (1, 0, 2)), last, zeros=zeros), state
        last = order.ended(last) if zeros else last
        return last, last[:, None, :], state

    def _run(
        self, kernel: rule.Kernel, x: Any, start: Sequence[Any], kept: Any, given: int, training: bool
    ) -> Sequence[Any]:
        """So many parts of the state at all steps, ``(time, batch, units)``."""
        return hoisted(self.gates, x, self._weights(), start, kept, given=given, training=training)

    def _weights(self) -> tuple[Any, ...]:
        """As of :func:`lstm_automl.models.kernels.hoisted.hoisted`."""
        cell = self.cell
        kernel, recurrent = tf.convert_to_tensor(cell.kernel), tf.convert_to_tensor(cell.recurrent_kernel)
        bias = tf.zeros(kernel.shape[1], kernel.dtype) if cell.bias is None else tf.convert_to_tensor(cell.bias)
        return kernel, recurrent, bias

    def _maybe_config_dropout_masks(self, cell: Any, step: Any, state: Any) -> None:
        if not self.fused:
            super()._maybe_config_dropout_masks(cell, step, state)

    def _dropped(self, x: Any, h0: Any, training: bool | None) -> tuple[Any, Any]:
        """The input after dropout, one mask a sequence, and the factors on the state, None = 1."""
        x, kept = tf.cast(x, self.compute_dtype), None
        if training and 0 < self.cell.dropout < 1:
            x = x * self.cell.get_dropout_mask(x[:, 0, :])[:, None, :]
        if training and 0 < self.cell.recurrent_dropout < 1:
            kept = self.cell.get_recurrent_dropout_mask(h0)
        return x, kept

    def get_config(self) -> dict[str, Any]:
        """As of Keras' layer, and ``right_padded``."""
        return {**super().get_config(), "right_padded": self.right_padded, "seed": self.cell.seed}


def fusable(layer: keras.layers.RNN) -> bool:
    """Whether the kernels compute what this layer does: the standard squashing, in 32 or 64 bits.

    >>> fusable(keras.layers.LSTM(8)), fusable(keras.layers.SimpleRNN(8, activation="relu"))
    (True, False)
    """
    sigmoid = keras.activations.sigmoid
    standard = layer.activation is keras.activations.tanh
    standard &= getattr(layer, "recurrent_activation", sigmoid) is sigmoid and getattr(layer, "reset_after", True)
    return standard and layer.compute_dtype in ("float32", "float64")
