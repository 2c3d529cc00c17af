"""TensorFlow's block LSTM kernel with its right gradient.

TensorFlow registers the gradient of the first version of the kernel, whose gates stand in another order, for the
second: gradients are wrong by 100 %. The custom gradient here calls the second version's own.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


@tf.custom_gradient  # type: ignore[untyped-decorator]
def block_lstm(x: Any, kernel: Any, recurrent: Any, bias: Any, h0: Any, c0: Any) -> Any:
    """All steps of an LSTM.

    Args:
        x: ``(time, batch, features)``.
        kernel: ``(features, 4 * units)``, gates in Keras' order i, f, c, o.
        recurrent: ``(units, 4 * units)``.
        bias: ``(4 * units,)``, the forget gate's 1 included.
        h0, c0: ``(batch, units)`` initial state.

    Returns:
        Outputs and cell states ``(time, batch, units)``.
    """
    steps = tf.shape(x, tf.int64)[0]
    weights = tf.concat([kernel, recurrent], 0)
    peephole = tf.zeros_like(bias[: bias.shape[0] // 4])
    inputs = {"seq_len_max": steps, "x": x, "cs_prev": c0, "h_prev": h0, "w": weights,
              "wci": peephole, "wcf": peephole, "wco": peephole, "b": bias}  # fmt: skip
    i, cs, f, o, ci, co, h = tf.raw_ops.BlockLSTMV2(**inputs, cell_clip=0.0, use_peephole=False)

    def gradient(h_grad: Any, cs_grad: Any) -> tuple[Any, ...]:
        found = tf.raw_ops.BlockLSTMGradV2(
            **inputs, i=i, cs=cs, f=f, o=o, ci=ci, co=co, h=h,
            cs_grad=cs_grad, h_grad=h_grad, use_peephole=False,
        )  # fmt: skip
        dx, dc0, dh0, dw, _, _, _, db = found
        features = tf.shape(kernel)[0]
        return dx, dw[:features], dw[features:], db, dh0, dc0

    return (h, cs), gradient
