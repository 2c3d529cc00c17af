"""Keras' LSTM, GRU and simple RNN on the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from lstm_automl.models.kernels import rule
from lstm_automl.models.kernels.block import block_lstm
from lstm_automl.models.kernels.fused import Fused
from lstm_automl.models.kernels.gates import GRUGates, LSTMGates, RNNGates


@keras.saving.register_keras_serializable("lstm_automl")
class FusedLSTM(Fused, keras.layers.LSTM):  # type: ignore[misc]
    """``keras.layers.LSTM``, several times faster on the CPU; see :class:`lstm_automl.models.kernels.fused.Fused`.

    >>> FusedLSTM(8)(keras.ops.ones((2, 5, 3))).shape
    TensorShape([2, 8])
    """

    kind, gates = "lstm", LSTMGates

    def _run(
        self, kernel: rule.Kernel, x: Any, start: Sequence[Any], kept: Any, given: int, training: bool
    ) -> Sequence[Any]:
        if kernel == "block":
            return block_lstm(x, *self._weights(), *start)[:given]  # type: ignore[no-any-return]
        return super()._run(kernel, x, start, kept, given, training)


@keras.saving.register_keras_serializable("lstm_automl")
class FusedGRU(Fused, keras.layers.GRU):  # type: ignore[misc]
    """``keras.layers.GRU``, faster on the CPU; see :class:`lstm_automl.models.kernels.fused.Fused`.

    >>> FusedGRU(8)(keras.ops.ones((2, 5, 3))).shape
    TensorShape([2, 8])
    """

    kind, gates = "gru", GRUGates

    def _weights(self) -> tuple[Any, ...]:
        kernel, recurrent, bias = super()._weights()
        if self.cell.bias is None:
            return kernel, recurrent, bias
        # The bias of the recurrent product: before the loop where nothing stands between, else in the gates.
        outer, inner = tf.split(bias[1], [2 * self.units, self.units])
        return kernel, recurrent, bias[0] + tf.concat([outer, tf.zeros_like(inner)], axis=0), inner


@keras.saving.register_keras_serializable("lstm_automl")
class FusedSimpleRNN(Fused, keras.layers.SimpleRNN):  # type: ignore[misc]
    """``keras.layers.SimpleRNN``, faster on the CPU; see :class:`lstm_automl.models.kernels.fused.Fused`.

    >>> FusedSimpleRNN(8)(keras.ops.ones((2, 5, 3))).shape
    TensorShape([2, 8])
    """

    kind, gates = "simple_rnn", RNNGates
