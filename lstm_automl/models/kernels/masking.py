"""Masked steps carry the state on unchanged: the kernels run the valid steps alone, moved to the front."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class Order:
    """Sequences without a mask, in time's order or against it.

    Args:
        backwards: Against it.
    """

    def __init__(self, backwards: bool) -> None:
        self.backwards = backwards

    def arrange(self, x: Any) -> Any:
        """``x`` ``(batch, time, ...)`` as the kernel reads it."""
        return tf.reverse(x, [1]) if self.backwards else x

    def restore(self, outputs: Any, last: Any, *, zeros: bool) -> Any:
        """Outputs ``(batch, time, units)`` at the steps they belong to, in the order in which Keras returns them.

        Args:
            outputs: Of the kernel.
            last: The last one ``(batch, units)`` of each sequence, 0 where it has no valid step.
            zeros: Masked steps are 0; they repeat the output before otherwise.
        """
        return outputs

    def last(self, states: Any, start: Any) -> Any:
        """``(batch, units)`` of ``(time, batch, units)`` after the last valid step, ``start`` where there is none."""
        return _final(states)

    def ended(self, last: Any) -> Any:
        """``last``, or 0 where the last step is masked."""
        return last


class Padded(Order):
    """Right-padded sequences.

    Args:
        mask: ``(batch, time)``, True and then False.
    """

    def __init__(self, mask: Any, backwards: bool) -> None:
        super().__init__(backwards)
        self.mask = tf.cast(mask, tf.bool)
        self.lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)

    def arrange(self, x: Any) -> Any:
        return tf.reverse_sequence(x, self.lengths, seq_axis=1, batch_axis=0) if self.backwards else x

    def restore(self, outputs: Any, last: Any, *, zeros: bool) -> Any:
        valid, before = self.mask[:, :, None], tf.zeros_like(outputs) if zeros else last[:, None, :]
        if self.backwards:
            # Reversed as a whole: padding comes first, with no output before it.
            valid, before = valid[:, ::-1], tf.zeros_like(outputs)
            outputs = tf.reverse(self.arrange(outputs), [1])
        return tf.where(valid, outputs, before)

    def last(self, states: Any, start: Any) -> Any:
        rows = tf.range(tf.shape(self.lengths)[0])
        found = tf.gather_nd(states, tf.stack([tf.maximum(self.lengths - 1, 0), rows], axis=1))
        return tf.where(self.lengths[:, None] > 0, found, start)

    def ended(self, last: Any) -> Any:
        final = self.mask[:, 0] if self.backwards else self.mask[:, -1]
        return tf.where(final[:, None], last, tf.zeros_like(last))


class Scattered(Padded):
    """Valid steps anywhere.

    Args:
        mask: ``(batch, time)``.
    """

    def __init__(self, mask: Any, backwards: bool) -> None:
        super().__init__(tf.reverse(mask, [1]) if backwards else mask, backwards)
        self._front = tf.argsort(tf.cast(~self.mask, tf.int32), axis=1, stable=True)

    def arrange(self, x: Any) -> Any:
        x = tf.reverse(x, [1]) if self.backwards else x
        return tf.gather(x, self._front, batch_dims=1)

    def restore(self, outputs: Any, last: Any, *, zeros: bool) -> Any:
        place = tf.cumsum(tf.cast(self.mask, tf.int32), axis=1) - 1
        found = tf.gather(outputs, tf.maximum(place, 0), batch_dims=1)
        there = self.mask if zeros else place >= 0
        return tf.where(there[:, :, None], found, tf.zeros_like(found))

    def ended(self, last: Any) -> Any:
        return tf.where(self.mask[:, -1:], last, tf.zeros_like(last))


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _final(states: Any) -> Any:
    """``states[-1]``, whose own gradient takes as long as some steps of the loop."""

    def gradient(last: Any) -> Any:
        return tf.concat([tf.zeros_like(states[:-1]), last[None]], axis=0)

    return states[-1], gradient


def order(mask: Any, *, backwards: bool, right_padded: bool) -> Order:
    """How sequences with this mask (None = all steps valid) go through a kernel and back."""
    if mask is None:
        return Order(backwards)
    return Padded(mask, backwards) if right_padded else Scattered(tf.cast(mask, tf.bool), backwards)
