"""The loop over time of the hoisted cells: several steps a round, or all of them where they are few and known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from lstm_automl.models.kernels import lists
from lstm_automl.models.kernels.gates import Gates, State
from lstm_automl.models.kernels.rule import unrolled

ops = tf.raw_ops


CHUNKS = (4, 3, 5, 7)


def chunk(steps: int | None) -> tuple[int, bool]:
    """Steps a round, and whether one round is all.

    A round costs about as much as half a step of an LSTM, and each step in it 15 ms when the graph is built. Steps that
    fill the last round up cost as much as others: of a known number of steps, as few as possible.

    >>> chunk(8), chunk(100), chunk(30), chunk(14), chunk(17), chunk(None)
    ((8, True), (4, False), (3, False), (7, False), (3, False), (4, False))
    """
    if steps is None:
        return CHUNKS[0], False
    if unrolled(steps):
        return steps, True
    return min(CHUNKS, key=lambda k: -steps % k), False


class Loop:
    """The way there and the way back over the same steps.

    Args:
        gates: Of the cell.
        chunk: Steps a round.
        whole: One round is all.
        kept: Factors ``(batch, units)`` on the output before its product, None = 1.
        given: How many parts of the state are returned of every step, and have gradients of their own.
    """

    def __init__(self, gates: Gates, chunk: int, whole: bool, kept: Any, given: int) -> None:
        self.gates, self.chunk, self.whole, self.kept, self.given = gates, chunk, whole, kept, given
        self._saved: Any = None

    def forward(self, z: Any, recurrent: Any, start: State, *, save: bool = True) -> tuple[Any, ...]:
        """Parts of the state ``(time, batch, units)`` from ``z`` ``(rounds, chunk, batch, width)``.

        Without ``save`` there is no way back, and nothing is held of a step but what is returned.
        """
        if self.whole:
            _, self._saved, states = self._there(tf.unstack(z[0]), recurrent, start)
            return tuple(tf.stack(part) for part in list(zip(*states, strict=True))[: self.given])
        rounds, source, like = tf.shape(z)[0], lists.listed(z), start[0]

        def body(n: Any, state: State, saved: Any, outputs: tuple[Any, ...]) -> tuple[Any, ...]:
            item = ops.TensorListGetItem(
                input_handle=source, index=n, element_shape=tf.shape(z)[1:], element_dtype=z.dtype
            )
            state, new, states = self._there(tf.unstack(lists.shaped(item, z.shape[1:])), recurrent, state)
            for step in new if save else ():
                saved = lists.push(saved, step)
            outputs = tuple(lists.push(out, [s[k] for s in states]) for k, out in enumerate(outputs))
            return n + 1, tuple(lists.shaped(part, like.shape) for part in state), saved, outputs

        first = (0, start, lists.empty(like), tuple(lists.empty(like) for _ in range(self.given)))
        _, _, self._saved, outputs = tf.while_loop(lambda n, *_: n < rounds, body, first, parallel_iterations=1)
        return tuple(lists.stacked(out, like.shape, like.dtype) for out in outputs)

    def backward(self, recurrent: Any, given: Sequence[Any], start: State) -> tuple[list[Any], State]:
        """What the gates write, each ``(time, batch, width)``, and gradients of the initial state.

        Args:
            recurrent: Weights.
            given: Gradients of what ``forward`` returned.
            start: Initial state.
        """
        transposed, zeros = tf.transpose(recurrent), tuple(tf.zeros_like(part) for part in start)
        if self.whole:
            found, state = self._back([tf.unstack(part) for part in given], self._saved, transposed, zeros)
            return [tf.stack(part) for part in found], state
        steps, like = tf.shape(given[0])[0], start[0]
        sources, widths = [lists.listed(part) for part in given], [k * like.shape[1] for k in self.gates.written]

        def body(t: Any, state: State, saved: Any, outputs: tuple[Any, ...]) -> tuple[Any, ...]:
            taken, times = [], [t - k for k in reversed(range(self.chunk))]
            for _ in times:
                step, saved = lists.popped(saved, like, self.gates.saved)
                taken.append(step)
            parts = [[lists.item(source, time, like) for time in times] for source in sources]
            found, state = self._back(parts, taken[::-1], transposed, state)
            for k, time in enumerate(times):
                outputs = tuple(lists.put(out, time, part[k]) for out, part in zip(outputs, found, strict=True))
            return t - self.chunk, tuple(lists.shaped(part, like.shape) for part in state), saved, outputs

        first = (steps - 1, zeros, self._saved, tuple(lists.reserved(steps, width, like.dtype) for width in widths))
        _, state, _, outputs = tf.while_loop(lambda t, *_: t >= 0, body, first, parallel_iterations=1)
        shapes = [(like.shape[0], width) for width in widths]
        return [lists.stacked(out, shape, like.dtype) for out, shape in zip(outputs, shapes, strict=True)], state

    def _there(self, zs: list[Any], recurrent: Any, state: State) -> tuple[State, list[Any], list[State]]:
        saved, states = [], []
        for z in zs:
            read = state[0] if self.kept is None else ops.Mul(x=state[0], y=self.kept)
            step, state = self.gates.forward(z, ops.MatMul(a=read, b=recurrent), state)
            saved.append(step)
            states.append(state)
        return state, saved, states

    def _back(
        self, given: list[list[Any]], saved: list[Any], transposed: Any, state: State
    ) -> tuple[list[list[Any]], State]:
        """The parts written, each a list over time, and the gradients of the state before."""
        found = []
        for k in reversed(range(len(saved))):
            state = tuple(ops.AddV2(x=given[part][k], y=d) if part < len(given) else d for part, d in enumerate(state))
            written, (direct, *others) = self.gates.backward(saved[k], state)
            dh = ops.MatMul(a=written[0], b=transposed)
            dh = dh if self.kept is None else ops.Mul(x=dh, y=self.kept)
            state = (dh if direct is None else ops.AddV2(x=dh, y=direct), *others)
            found.append(written)
        return [list(part) for part in zip(*found[::-1], strict=True)], state
