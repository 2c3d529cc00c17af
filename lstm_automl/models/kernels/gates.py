"""One step of each cell in both directions: what is done element by element, in as few operations as possible.

The loop multiplies the state by the recurrent weights; everything else of a step is here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import tensorflow as tf

ops = tf.raw_ops
State = tuple[Any, ...]


class Gates(ABC):
    """A cell for :class:`lstm_automl.models.kernels.loops.Loop`; its state is a tuple, the output first.

    Attributes:
        saved: How many tensors ``(batch, units)`` of a step the way back needs.
        written: Widths in units of the gradients that a step writes; the first is that of the recurrent product.

    Args:
        inner: Bias ``(units,)`` inside of the gates, None = 0.
    """

    saved: ClassVar[int]
    written: ClassVar[tuple[int, ...]]

    def __init__(self, inner: Any = None) -> None:
        self.inner = inner

    @abstractmethod
    def forward(self, z: Any, product: Any, state: State) -> tuple[Sequence[Any], State]:
        """What to save, and the new state, from the projected input and the product of state and recurrent weights."""

    @abstractmethod
    def backward(self, saved: Sequence[Any], state: State) -> tuple[Sequence[Any], State]:
        """What to write, and the gradients of the state before that do not go through the product; None = 0."""

    def of_inputs(self, written: Sequence[Any]) -> Any:
        """Gradient of the projected inputs ``(rows, width)`` from what all steps wrote."""
        return written[0]


class LSTMGates(Gates):
    """Gates in Keras' order i, f, g, o; the state is the output and the cell."""

    saved, written = 6, (4,)

    def forward(self, z: Any, product: Any, state: State) -> tuple[Sequence[Any], State]:
        c = state[1]
        parts = tf.split(ops.AddV2(x=z, y=product), 4, axis=1)
        i, f, o = (ops.Sigmoid(x=parts[k]) for k in (0, 1, 3))
        g = ops.Tanh(x=parts[2])
        new = ops.AddV2(x=ops.Mul(x=f, y=c), y=ops.Mul(x=i, y=g))
        squashed = ops.Tanh(x=new)
        return (i, f, g, o, squashed, c), (ops.Mul(x=o, y=squashed), new)

    def backward(self, saved: Sequence[Any], state: State) -> tuple[Sequence[Any], State]:
        (i, f, g, o, squashed, before), (dh, dc) = saved, state
        dc = ops.AddV2(x=ops.TanhGrad(y=squashed, dy=ops.Mul(x=dh, y=o)), y=dc)
        dz = [
            ops.SigmoidGrad(y=i, dy=ops.Mul(x=dc, y=g)),
            ops.SigmoidGrad(y=f, dy=ops.Mul(x=dc, y=before)),
            ops.TanhGrad(y=g, dy=ops.Mul(x=dc, y=i)),
            ops.SigmoidGrad(y=o, dy=ops.Mul(x=dh, y=squashed)),
        ]
        return (tf.concat(dz, axis=1),), (None, ops.Mul(x=dc, y=f))


class GRUGates(Gates):
    """Gates in Keras' order z, r, g, the reset after the product; the inner bias is inside of the reset."""

    saved, written = 5, (3, 1)

    def forward(self, z: Any, product: Any, state: State) -> tuple[Sequence[Any], State]:
        (h,), units = state, product.shape[1] // 3
        of_input, of_state = (
            ops.SplitV(value=v, size_splits=[2 * units, units], axis=1, num_split=2) for v in (z, product)
        )
        update, reset = tf.split(ops.Sigmoid(x=ops.AddV2(x=of_input[0], y=of_state[0])), 2, axis=1)
        inner = of_state[1] if self.inner is None else ops.BiasAdd(value=of_state[1], bias=self.inner)
        g = ops.Tanh(x=ops.AddV2(x=of_input[1], y=ops.Mul(x=reset, y=inner)))
        step = ops.Sub(x=h, y=g)
        return (update, reset, step, g, inner), (ops.AddV2(x=g, y=ops.Mul(x=update, y=step)),)

    def backward(self, saved: Sequence[Any], state: State) -> tuple[Sequence[Any], State]:
        (update, reset, step, g, inner), (dh,) = saved, state
        direct = ops.Mul(x=dh, y=update)
        dg = ops.TanhGrad(y=g, dy=ops.Sub(x=dh, y=direct))
        dz = [
            ops.SigmoidGrad(y=update, dy=ops.Mul(x=dh, y=step)),
            ops.SigmoidGrad(y=reset, dy=ops.Mul(x=dg, y=inner)),
            ops.Mul(x=dg, y=reset),
        ]
        return (tf.concat(dz, axis=1), dg), (direct,)

    def of_inputs(self, written: Sequence[Any]) -> Any:
        dz, dg = written
        return tf.concat([dz[:, : 2 * dg.shape[1]], dg], axis=1)


class RNNGates(Gates):
    """No gates: the new state is the squashed sum."""

    saved, written = 1, (1,)

    def forward(self, z: Any, product: Any, state: State) -> tuple[Sequence[Any], State]:
        h = ops.Tanh(x=ops.AddV2(x=z, y=product))
        return (h,), (h,)

    def backward(self, saved: Sequence[Any], state: State) -> tuple[Sequence[Any], State]:
        return (ops.TanhGrad(y=saved[0], dy=state[0]),), (None,)
