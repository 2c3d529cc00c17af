"""A recurrent layer with everything that needs no loop outside of it.

The inputs of all steps are projected in one product before the loop; the loop multiplies the state alone. On the way
back the loop forms the gradients of the gates, and three products after it those of the weights and of the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from lstm_automl.models.kernels import loops
from lstm_automl.models.kernels.gates import Gates


def hoisted(
    gates: type[Gates],
    x: Any,
    weights: Sequence[Any],
    start: Sequence[Any],
    kept: Any = None,
    *,
    given: int = 1,
    training: bool = True,
) -> tuple[Any, ...]:
    """All steps of a recurrent layer.

    Args:
        gates: Of the cell.
        x: ``(time, batch, features)``, float32 or float64.
        weights: Kernel ``(features, width)``, recurrent kernel ``(units, width)``, bias ``(width,)``, and the bias
            ``(units,)`` inside of the gates where they have one.
        start: Initial state, each part ``(batch, units)``.
        kept: ``(batch, units)`` factors on the output wherever the recurrent kernel reads it (recurrent dropout),
            None = 1.
        given: How many parts of the state are wanted.
        training: Gradients are expected, and what they need is saved. Without, they are had by running the loop again.

    Returns:
        Parts of the state ``(time, batch, units)``, the outputs first.
    """
    chunk, whole = loops.chunk(x.shape[0])
    steps = tf.shape(x)[0] if x.shape[0] is None else x.shape[0]
    missing = None if x.shape[0] is not None and steps % chunk == 0 else -steps % chunk

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(x: Any, kernel: Any, recurrent: Any, bias: Any, *rest: Any) -> Any:
        inner, start = rest[: len(weights) - 3], rest[len(weights) - 3 :]
        width = recurrent.shape[1]
        rows = tf.reshape(_longer(x, missing), (-1, x.shape[2]))
        z = tf.reshape(tf.nn.bias_add(tf.matmul(rows, kernel), bias), (-1, chunk, tf.shape(x)[1], width))
        loop = loops.Loop(gates(*inner), chunk, whole, kept, given)
        outputs = loop.forward(z, recurrent, start, save=training)

        def gradient(*given: Any) -> tuple[Any, ...]:
            if not training:
                loop.forward(z, recurrent, start)
            written, dstart = loop.backward(recurrent, [_longer(d, missing) for d in given], start)
            written = [tf.reshape(part, (-1, part.shape[2])) for part in written]
            before = tf.concat([start[0][None], outputs[0][:-1]], axis=0)
            before = tf.reshape(before if kept is None else before * kept, (-1, recurrent.shape[0]))
            dr, of_state = _products(before, written[0], bias=bool(inner))
            dz = loop.gates.of_inputs(written)
            dk, of_input = _products(rows, dz, bias=True)
            dx = _of_inputs(dz, kernel, tf.shape(x), padded=missing is not None)
            dinner = [of_state[-one.shape[0] :] for one in inner]
            return dx, dk, dr, of_input, *dinner, *dstart

        return tuple(out if missing is None else out[:steps] for out in outputs), gradient

    return tuple(run(x, *weights, *start))


def _of_inputs(dz: Any, kernel: Any, shape: Any, *, padded: bool) -> Any:
    """Gradient of the inputs ``shape`` ``(time, batch, features)``, from that of their projection ``(rows, width)``."""
    of_rows = dz[: shape[0] * shape[1]] if padded else dz
    # A product with a transposed copy is faster than one that transposes.
    return tf.reshape(tf.matmul(of_rows, tf.transpose(kernel)), shape)


def _products(rows: Any, dz: Any, *, bias: bool) -> tuple[Any, Any]:
    """Gradients of the weights that multiplied ``rows``, and of a bias.

    The bias as one more input: a sum over rows takes several times as long, and a product with a single row of ones
    gives other last digits on another number of threads.
    """
    if not bias:
        return tf.matmul(rows, dz, transpose_a=True), None
    found = tf.matmul(tf.concat([rows, tf.ones_like(rows[:, :1])], axis=1), dz, transpose_a=True)
    return found[:-1], found[-1]


def _longer(x: Any, missing: Any) -> Any:
    """``x`` with further steps of zeros (None = none); several times faster than padding."""
    return x if missing is None else tf.concat([x, tf.zeros((missing, *tf.unstack(tf.shape(x)[1:])), x.dtype)], axis=0)
