"""One LSTM step in both directions: what is done element by element, in as few operations as TensorFlow allows."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

ops = tf.raw_ops


class Saved(NamedTuple):
    """What the way back needs of a step, each ``(batch, units)``."""

    i: Any
    f: Any
    g: Any
    o: Any
    squashed: Any
    before: Any


def forward(z: Any, c: Any) -> tuple[Saved, Any, Any]:
    """The gates ``z`` ``(batch, 4 * units)`` before their squashing, in Keras' order i, f, g, o, and a cell state.

    Returns:
        What to save, the output and the new cell state.
    """
    parts = tf.split(z, 4, axis=1)
    i, f, o = (ops.Sigmoid(x=parts[k]) for k in (0, 1, 3))
    g = ops.Tanh(x=parts[2])
    new = ops.AddV2(x=ops.Mul(x=f, y=c), y=ops.Mul(x=i, y=g))
    squashed = ops.Tanh(x=new)
    return Saved(i, f, g, o, squashed, c), ops.Mul(x=o, y=squashed), new


def backward(s: Saved, dh: Any, dc: Any) -> tuple[Any, Any]:
    """Gradients of ``z`` and of the cell state before, from those of the output and of the cell state after."""
    dc = ops.AddV2(x=ops.TanhGrad(y=s.squashed, dy=ops.Mul(x=dh, y=s.o)), y=dc)
    dz = [
        ops.SigmoidGrad(y=s.i, dy=ops.Mul(x=dc, y=s.g)),
        ops.SigmoidGrad(y=s.f, dy=ops.Mul(x=dc, y=s.before)),
        ops.TanhGrad(y=s.g, dy=ops.Mul(x=dc, y=s.i)),
        ops.SigmoidGrad(y=s.o, dy=ops.Mul(x=dh, y=s.squashed)),
    ]
    return tf.concat(dz, axis=1), ops.Mul(x=dc, y=s.f)
