"""An LSTM layer with Keras' weights, arguments and results, run by the block kernel."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from lstm_automl.models.kernels.block import block_lstm


@keras.saving.register_keras_serializable("lstm_automl")
class FusedLSTM(keras.layers.LSTM):  # type: ignore[misc]
    """``keras.layers.LSTM`` for right-padded sequences on the CPU, default activations, no recurrent dropout.

    Weights, config and dropout masks are the parent's. With a mask, outputs at padded steps are zero where
    Keras repeats the last valid one; states and gradients are the same.

    Registered under its own name, because ``Bidirectional`` rebuilds its two layers from their configs.

    >>> FusedLSTM(8)(keras.ops.ones((2, 5, 3))).shape
    TensorShape([2, 8])
    """

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = False) -> Any:
        """As ``keras.layers.LSTM.call``."""
        x = self._dropped(sequences, training)
        lengths = None if mask is None else tf.reduce_sum(tf.cast(mask, tf.int32), 1)
        if self.go_backwards:
            x = _reversed(x, lengths)
        cell, batch = self.cell, tf.shape(x)[0]
        h0, c0 = initial_state or [tf.zeros((batch, self.units), x.dtype)] * 2
        weights = [tf.convert_to_tensor(v) for v in (cell.kernel, cell.recurrent_kernel, cell.bias)]
        h, c = block_lstm(tf.transpose(x, (1, 0, 2)), *weights, h0, c0)
        outputs, cells = tf.transpose(h, (1, 0, 2)), tf.transpose(c, (1, 0, 2))
        last = _last(outputs, lengths)
        if mask is not None:
            # Padded steps carry what the kernel went on computing there.
            outputs = tf.where(mask[:, :, None], outputs, tf.zeros_like(outputs))
            if self.go_backwards:
                # Keras' order: the whole sequence reversed, padding first.
                outputs = tf.reverse(_reversed(outputs, lengths), [1])
        outputs = outputs if self.return_sequences else last
        return [outputs, last, _last(cells, lengths)] if self.return_state else outputs

    def _dropped(self, x: Any, training: bool | None) -> Any:
        """One mask a sequence, drawn as the parent draws it."""
        if not training or not self.cell.dropout:
            return x
        self.cell.reset_dropout_mask()
        mask = self.cell.get_dropout_mask(x[:, 0, :])
        self.cell.reset_dropout_mask()
        return x * mask[:, None, :]


def _reversed(x: Any, lengths: Any) -> Any:
    if lengths is None:
        return tf.reverse(x, [1])
    return tf.reverse_sequence(x, lengths, seq_axis=1, batch_axis=0)


def _last(x: Any, lengths: Any) -> Any:
    """``(batch, units)`` at the last valid step."""
    if lengths is None:
        return x[:, -1]
    return tf.gather(x, tf.maximum(lengths - 1, 0), batch_dims=1)
