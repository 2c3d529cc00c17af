"""The LSTM with everything that needs no loop outside of it.

The inputs of all steps are projected in one product before the loop; the loop multiplies the state alone. On the way
back the loop forms the gradients of the gates, and three products after it those of the weights and of the input.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from lstm_automl.models.kernels import loops


def hoisted_lstm(
    x: Any,
    kernel: Any,
    recurrent: Any,
    bias: Any,
    h0: Any,
    c0: Any,
    kept: Any = None,
    cells: bool = False,
    *,
    training: bool = True,
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
        training: Gradients are expected, and what they need is saved: six numbers a unit and step. Without, they are
            had by running the loop again.

    Returns:
        Outputs ``(time, batch, units)`` and cell states likewise, or None.
    """
    units = recurrent.shape[0]
    chunk, whole = loops.chunk(x.shape[0])
    steps = tf.shape(x)[0] if x.shape[0] is None else x.shape[0]
    missing = None if x.shape[0] is not None and steps % chunk == 0 else -steps % chunk

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(x: Any, kernel: Any, recurrent: Any, bias: Any, h0: Any, c0: Any) -> Any:
        rows = tf.reshape(_longer(x, missing), (-1, x.shape[2]))
        z = tf.reshape(tf.nn.bias_add(tf.matmul(rows, kernel), bias), (-1, chunk, tf.shape(x)[1], 4 * units))
        loop = loops.Loop(chunk, whole, kept, cells)
        h, c = loop.forward(z, recurrent, h0, c0, save=training)

        def gradient(dh: Any, dc: Any = None) -> tuple[Any, ...]:
            if not training:
                loop.forward(z, recurrent, h0, c0)
            dz, dh0, dc0 = loop.backward(recurrent, _longer(dh, missing), _longer(dc, missing) if cells else None)
            dz = tf.reshape(dz, (-1, 4 * units))
            before = tf.concat([h0[None], h[:-1]], axis=0)
            before = before if kept is None else before * kept
            dr = tf.matmul(tf.reshape(before, (-1, units)), dz, transpose_a=True)
            # The bias as one more input: a sum over rows takes several times as long, and a product with a single
            # row of ones gives other last digits on another number of threads.
            ones = tf.ones_like(rows[:, :1])
            dwb = tf.matmul(tf.concat([rows, ones], axis=1), dz, transpose_a=True)
            # A product with a transposed copy is faster than one that transposes.
            of_rows = dz if missing is None else dz[: steps * tf.shape(x)[1]]
            dx = tf.reshape(tf.matmul(of_rows, tf.transpose(kernel)), tf.shape(x))
            return dx, dwb[:-1], dr, dwb[-1], dh0, dc0

        outputs = h if missing is None else h[:steps]
        return ((outputs, c if missing is None else c[:steps]) if cells else outputs), gradient

    found = run(x, kernel, recurrent, bias, h0, c0)
    return tuple(found) if cells else (found, None)


def _longer(x: Any, missing: Any) -> Any:
    """``x`` with further steps of zeros (None = none); several times faster than padding."""
    return x if missing is None else tf.concat([x, tf.zeros((missing, *tf.unstack(tf.shape(x)[1:])), x.dtype)], axis=0)
