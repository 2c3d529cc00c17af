"""The LSTM with everything that needs no loop outside of it.

The inputs of all steps are projected in one product before the loop; the loop multiplies the state alone. On the way
back the loop forms the gradients of the gates, and three products after it those of the weights and of the input.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from lstm_automl.models.kernels import loops


def hoisted_lstm(
    x: Any, kernel: Any, recurrent: Any, bias: Any, h0: Any, c0: Any, kept: Any = None, cells: bool = False
) -> tuple[Any, Any]:
    """All steps of an LSTM.

    Args:
        x: ``(time, batch, features)``, float32 or float64.
        kernel: ``(features, 4 * units)``, gates in Keras' order i, f, c, o.
        recurrent: ``(units, 4 * units)``.
        bias: ``(4 * units,)``, the forget gate's 1 included.
        h0, c0: ``(batch, units)`` initial state.
        kept: ``(batch, units)`` factors on the state wherever ``recurrent`` reads it (recurrent dropout), None = 1.
        cells: Return the cell states too.

    Returns:
        Outputs ``(time, batch, units)`` and cell states likewise, or None.
    """
    units = recurrent.shape[0]
    chunk, whole = loops.chunk(x.shape[0])
    steps = tf.shape(x)[0]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(x: Any, kernel: Any, recurrent: Any, bias: Any, h0: Any, c0: Any) -> Any:
        rows = tf.reshape(x, (-1, x.shape[2]))
        z = tf.reshape(tf.nn.bias_add(tf.matmul(rows, kernel), bias), (-1, chunk, tf.shape(x)[1], 4 * units))
        loop = loops.Loop(chunk, whole, kept, cells)
        h, c = loop.forward(z, recurrent, h0, c0)

        def gradient(dh: Any, dc: Any = None) -> tuple[Any, ...]:
            dz, dh0, dc0 = loop.backward(recurrent, dh, dc)
            dz = tf.reshape(dz, (-1, 4 * units))
            before = tf.concat([h0[None], h[:-1]], axis=0)
            before = before if kept is None else before * kept
            dr = tf.matmul(tf.reshape(before, (-1, units)), dz, transpose_a=True)
            dw = tf.matmul(rows, dz, transpose_a=True)
            # A product with ones is several times faster than a sum over rows, one with a transposed copy faster
            # than one that transposes.
            db = tf.reshape(tf.matmul(tf.ones_like(dz[:, :1]), dz, transpose_a=True), (-1,))
            dx = tf.reshape(tf.matmul(dz, tf.transpose(kernel)), tf.shape(x))
            return dx, dw, dr, db, dh0, dc0

        return ((h, c) if cells else h), gradient

    missing = 0 if whole else -steps % chunk
    padded = x if whole or (x.shape[0] or 1) % chunk == 0 else tf.pad(x, [[0, missing], [0, 0], [0, 0]])
    found = run(padded, kernel, recurrent, bias, h0, c0)
    h, c = found if cells else (found, None)
    if padded is not x:
        h, c = h[:steps], None if c is None else c[:steps]
    return h, c
