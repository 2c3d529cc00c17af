"""An LSTM layer with Keras' weights, arguments and results, run by the kernel that the rule names."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from lstm_automl.models.kernels import masking, rule
from lstm_automl.models.kernels.block import block_lstm
from lstm_automl.models.kernels.hoisted import hoisted_lstm


@keras.saving.register_keras_serializable("lstm_automl")
class FusedLSTM(keras.layers.LSTM):  # type: ignore[misc]
    """``keras.layers.LSTM``, several times faster on the CPU: the same weights, arguments and results.

    Three things differ. Recurrent dropout draws one mask a sequence for all four gates, where Keras draws four.
    Dropout masks are drawn in training alone. Gradients of gradients are not to be had.

    Registered under its own name, because ``Bidirectional`` rebuilds its two layers from their configs.

    Args:
        units: Width, at least 1.
        right_padded: Masks are known to be True and then False along time, which saves the search for gaps.
        arguments: As of ``keras.layers.LSTM``.

    >>> FusedLSTM(8)(keras.ops.ones((2, 5, 3))).shape
    TensorShape([2, 8])
    """

    def __init__(self, units: int, right_padded: bool = False, **arguments: Any) -> None:
        super().__init__(units, **arguments)
        self.right_padded = right_padded
        self.fused = fusable(self)
        if self.fused and self.recurrent_dropout:
            # Of Keras' two ways to write a cell, the one with a single mask.
            self.cell.implementation = 2
            del self.cell.dropout_mask_count

    def kernel_for(self, shape: Any) -> rule.Kernel:
        """The kernel for inputs of this shape ``(batch, time, features)``; None where a size is unknown."""
        if not self.fused:
            return "plain"
        steps, features = shape[1:]
        kept = bool(self.recurrent_dropout)
        return rule.kernel(steps, features, self.units, dtype=self.compute_dtype, kept=kept)

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool | None = False) -> Any:
        """Last output, outputs and final state, as of ``keras.layers.LSTM.inner_loop``."""
        kernel = self.kernel_for(sequences.shape)
        if kernel == "plain":
            return super().inner_loop(sequences, initial_state, mask, training=training)
        h0, c0 = initial_state
        x, kept = self._dropped(sequences, h0, training)
        mask = None if mask is None else keras.tree.flatten(mask)[0]
        order = masking.order(mask, backwards=self.go_backwards, right_padded=self.right_padded)
        x = tf.transpose(order.arrange(x), (1, 0, 2))
        cells = self.return_state or self.stateful
        if kernel == "block":
            h, c = block_lstm(x, *self._weights(), h0, c0)
        else:
            h, c = hoisted_lstm(x, *self._weights(), h0, c0, kept, cells, training=bool(training))
        last, zeros = order.last(h, tf.zeros_like(h0)), self.zero_output_for_mask
        # States that nobody reads: not worth the kernel's collecting them.
        state = [order.last(h, h0), order.last(c, c0)] if cells else [last, last]
        if self.return_sequences:
            return last, order.restore(tf.transpose(h, (1, 0, 2)), last, zeros=zeros), state
        last = order.ended(last) if zeros else last
        return last, last[:, None, :], state

    def _weights(self) -> tuple[Any, Any, Any]:
        cell = self.cell
        kernel, recurrent = tf.convert_to_tensor(cell.kernel), tf.convert_to_tensor(cell.recurrent_kernel)
        bias = tf.zeros(4 * self.units, kernel.dtype) if cell.bias is None else tf.convert_to_tensor(cell.bias)
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
        """As of ``keras.layers.LSTM``, and ``right_padded``."""
        return {**super().get_config(), "right_padded": self.right_padded}


def fusable(layer: keras.layers.LSTM) -> bool:
    """Whether the kernels compute what this layer does: the standard squashing, in 32 or 64 bits.

    >>> fusable(keras.layers.LSTM(8)), fusable(keras.layers.LSTM(8, activation="relu"))
    (True, False)
    """
    standard = layer.activation is keras.activations.tanh and layer.recurrent_activation is keras.activations.sigmoid
    return standard and layer.compute_dtype in ("float32", "float64")
