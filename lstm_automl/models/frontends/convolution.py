"""One convolution block that does not know how far a batch is padded."""

from __future__ import annotations

import keras
from keras import layers

from lstm_automl.models import masks
from lstm_automl.models.parts import Signal


def block(signal: Signal, filters: int, kernel: int, *, stride: int = 1, name: str) -> Signal:
    """Convolution, batch normalisation, relu; ``ceil(time / stride)`` steps, zero at padding.

    The zeros around the sequence are put there explicitly: with ``padding="same"`` and a stride, Keras' depend
    on the length of the batch. Padded steps are zero before the convolution and weigh nothing in the statistics.

    Args:
        signal: ``x`` ``(batch, time, features)``.
        filters: Width of what comes out.
        kernel: Steps that one output sees.
        stride: Steps it moves.
        name: Of its layers.
    """
    signal = masks.zeroed(signal)
    x = layers.ZeroPadding1D(((kernel - 1) // 2, kernel // 2), name=f"{name}_pad")(signal.x)
    # Batch normalisation has the bias.
    x = layers.Conv1D(
        filters, kernel, strides=stride, use_bias=False, kernel_initializer="he_uniform", name=f"{name}_conv"
    )(x)
    mask = signal.mask
    if mask is not None and stride > 1:
        mask = mask[:, ::stride]
    # Trials are short: at Keras' momentum of 0.99 the statistics would lag behind for a hundred steps.
    norm = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")
    x = norm(x) if mask is None else norm(x, mask=mask)
    return masks.zeroed(Signal(keras.ops.relu(x), mask, True))
