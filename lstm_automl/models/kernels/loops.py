"""The loop over time of the hoisted LSTM: several steps a round, or all of them where they are few and known."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from lstm_automl.models.kernels import gates
from lstm_automl.models.kernels.rule import unrolled

ops = tf.raw_ops
CHUNK = 4
"""Steps a round: a round costs about as much as half a step, and each step in it 15 ms when the graph is built."""


def chunk(steps: int | None) -> tuple[int, bool]:
    """Steps a round, and whether one round is all.

    >>> chunk(8), chunk(100), chunk(30), chunk(None)
    ((8, True), (4, False), (3, False), (4, False))
    """
    if steps is None:
        return CHUNK, False
    if unrolled(steps):
        return steps, True
    return next((k for k in (CHUNK, CHUNK - 1) if steps % k == 0), CHUNK), False


class Loop:
    """The way there and the way back over the same steps.

    Args:
        chunk: Steps a round.
        whole: One round is all.
        kept: Factors ``(batch, units)`` on the state before its product, None = 1.
        cells: Whether cell states are returned, and have gradients of their own.
    """

    def __init__(self, chunk: int, whole: bool, kept: Any, cells: bool) -> None:
        self.chunk, self.whole, self.kept, self.cells = chunk, whole, kept, cells
        self._saved: Any = None

    def forward(self, z: Any, recurrent: Any, h0: Any, c0: Any, *, save: bool = True) -> tuple[Any, Any]:
        """Outputs and cell states ``(time, batch, units)`` from ``z`` ``(rounds, chunk, batch, 4 * units)``.

        Without ``save`` there is no way back, and nothing is held of a step but its output.
        """
        if self.whole:
            _, _, self._saved, hs, cs = self._there(tf.unstack(z[0]), recurrent, h0, c0)
            return tf.stack(hs), tf.stack(cs) if self.cells else None
        rounds = tf.shape(z)[0]
        source, shape = _listed(z), h0.shape

        def body(n: Any, h: Any, c: Any, saved: Any, out: Any, cells: Any) -> tuple[Any, ...]:
            item = ops.TensorListGetItem(
                input_handle=source, index=n, element_shape=tf.shape(z)[1:], element_dtype=z.dtype
            )
            item.set_shape(z.shape[1:])
            h, c, new, hs, cs = self._there(tf.unstack(item), recurrent, h, c)
            for step in new if save else ():
                saved = _push(saved, step)
            out, cells = _push(out, hs), _push(cells, cs) if self.cells else cells
            return n + 1, _shaped(h, shape), _shaped(c, shape), saved, out, cells

        start = (0, h0, c0, *(_empty(h0) for _ in range(3)))
        _, _, _, self._saved, out, cells = tf.while_loop(lambda n, *_: n < rounds, body, start, parallel_iterations=1)
        return _stacked(out, h0), _stacked(cells, h0) if self.cells else None

    def backward(self, recurrent: Any, dh: Any, dc: Any) -> tuple[Any, Any, Any]:
        """Gradients of ``z`` ``(time, batch, 4 * units)`` and of the initial state."""
        transposed = tf.transpose(recurrent)
        zero = tf.zeros_like(dh[0])
        if self.whole:
            dcs = tf.unstack(dc) if self.cells else None
            dzs, dh0, dc0 = self._back(tf.unstack(dh), dcs, self._saved, transposed, zero, zero)
            return tf.stack(dzs), dh0, dc0
        steps, units = tf.shape(dh)[0], recurrent.shape[0]
        given, of_cells = _listed(dh), _listed(dc) if self.cells else None

        def body(t: Any, dh: Any, dc: Any, saved: Any, out: Any) -> tuple[Any, ...]:
            popped, times = [], [t - k for k in reversed(range(self.chunk))]
            for _ in range(self.chunk):
                step, saved = _popped(saved, zero, len(gates.Saved._fields))
                popped.append(gates.Saved(*step))
            dhs = [_item(given, time, zero) for time in times]
            dcs = [_item(of_cells, time, zero) for time in times] if self.cells else None
            dzs, dh, dc = self._back(dhs, dcs, popped[::-1], transposed, dh, dc)
            for time, dz in zip(times, dzs, strict=True):
                out = ops.TensorListSetItem(input_handle=out, index=time, item=dz)
            return t - self.chunk, _shaped(dh, zero.shape), _shaped(dc, zero.shape), saved, out

        out = ops.TensorListReserve(element_shape=[-1, 4 * units], num_elements=steps, element_dtype=dh.dtype)
        start = (steps - 1, zero, zero, self._saved, out)
        _, dh0, dc0, _, out = tf.while_loop(lambda t, *_: t >= 0, body, start, parallel_iterations=1)
        return _stacked(out, tf.concat([zero] * 4, axis=1)), dh0, dc0

    def _there(self, zs: list[Any], recurrent: Any, h: Any, c: Any) -> tuple[Any, Any, list[Any], list[Any], list[Any]]:
        saved, hs, cs = [], [], []
        for z in zs:
            state = h if self.kept is None else ops.Mul(x=h, y=self.kept)
            step, h, c = gates.forward(ops.AddV2(x=z, y=ops.MatMul(a=state, b=recurrent)), c)
            saved.append(step)
            hs.append(h)
            cs.append(c)
        return h, c, saved, hs, cs

    def _back(
        self, dhs: list[Any], dcs: list[Any] | None, saved: list[Any], transposed: Any, dh: Any, dc: Any
    ) -> tuple[list[Any], Any, Any]:
        dzs = []
        for k in reversed(range(len(dhs))):
            dc = dc if dcs is None else ops.AddV2(x=dc, y=dcs[k])
            dz, dc = gates.backward(saved[k], ops.AddV2(x=dhs[k], y=dh), dc)
            dh = ops.MatMul(a=dz, b=transposed)
            dh = dh if self.kept is None else ops.Mul(x=dh, y=self.kept)
            dzs.append(dz)
        return dzs[::-1], dh, dc


def _shaped(x: Any, shape: Any) -> Any:
    x.set_shape(shape)
    return x


def _empty(like: Any) -> Any:
    return ops.EmptyTensorList(element_shape=[-1, like.shape[1]], max_num_elements=-1, element_dtype=like.dtype)


def _listed(x: Any) -> Any:
    """A list of the slices along the first axis, which share its memory."""
    return ops.TensorListFromTensor(tensor=x, element_shape=tf.shape(x)[1:])


def _push(store: Any, items: Any) -> Any:
    for item in items:
        store = ops.TensorListPushBack(input_handle=store, tensor=item)
    return store


def _popped(store: Any, like: Any, count: int) -> tuple[list[Any], Any]:
    """The last ``count`` items, first one first, and the list without them."""
    items = []
    for _ in range(count):
        store, item = ops.TensorListPopBack(
            input_handle=store, element_shape=[-1, like.shape[1]], element_dtype=like.dtype
        )
        items.append(_shaped(item, like.shape))
    return items[::-1], store


def _item(store: Any, index: Any, like: Any) -> Any:
    found = ops.TensorListGetItem(
        input_handle=store, index=index, element_shape=[-1, like.shape[1]], element_dtype=like.dtype
    )
    return _shaped(found, like.shape)


def _stacked(store: Any, like: Any) -> Any:
    found = ops.TensorListStack(
        input_handle=store, element_shape=[-1, like.shape[1]], element_dtype=like.dtype, num_elements=-1
    )
    return _shaped(found, [None, *like.shape])
