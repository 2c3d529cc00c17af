"""A shipped space made to fit a data set: what cannot help is left out, defaults follow length and size.

Only facts of the training part decide, so equal data gives an equal space. A user's own space is used as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.task import Prepared

SHORT, LONG, VERY_LONG = 32, 160, 400
"""Steps an example: below, convolutions do not shorten; above, they shorten by 4; above the last, always."""
MANY = 2000
"""Training examples from which small batches only cost time."""
SEAM = 1.2
"""From its last step to its first a closed sequence changes as from step to step, at most so many times as much."""
ENOUGH = 1000
"""Examples that tell whether sequences are closed."""


def adapt(space: Space, prepared: Prepared) -> Space:
    """The space for this data.

    * ``window`` only where examples are windows of longer sequences, and no longer than those;
    * ``conv_stride`` by length; ``circular_shift`` only for closed sequences of one length;
    * ``batch_size`` by the number of examples; ``channel_independent`` only with several channels.
    """
    frame = prepared.frame
    lengths = frame.lengths[prepared.split.folds[0].train]
    longest = int(lengths.max())
    windowed = bool(frame.info.get("horizon") or frame.info.get("target_per_row"))
    space = _limited(space, "window", longest) if windowed else _without(space, "window")
    if frame.features == 1:
        space = _without(space, "channel_independent")
    if _shifts(space) and (int(lengths.min()) != longest or not _closed(frame, prepared.split.folds[0].train)):
        space = _kept(space, "augment", lambda v: v != "circular_shift")
    typical = float(np.median(lengths)) if not windowed else float(min(longest, _default(space, "window", longest)))
    space = _strides(space, typical)
    return _batches(space, len(lengths))


def _shifts(space: Space) -> bool:
    found = space.parameters.get("augment")
    return found is not None and found.kind == "choice" and "circular_shift" in found.values


def _closed(frame: Frame, examples: Index) -> bool:
    """Whether sequences of one length go on at their start where they end, in every channel: outlines, cycles."""
    some = examples[:: -(-len(examples) // ENOUGH)]
    x, low = frame.fields["x"].values, frame.examples["low"][some]
    length = int(frame.lengths[some[0]])
    steps = [_change(x[low + k], x[low + k + 1]) for k in range(length - 1)]
    usual = np.mean(steps, axis=0) if steps else 0.0
    return bool((_change(x[low + length - 1], x[low]) <= SEAM * usual).all())


def _change(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.float64]:
    """The mean absolute difference of rows, a number a channel, missing values apart."""
    found = np.abs(np.asarray(after, dtype=np.float64) - before)
    known = ~np.isnan(found)
    return np.asarray(np.where(known, found, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), dtype=np.float64)


def _strides(space: Space, steps: float) -> Space:
    if steps < SHORT:
        return _kept(space, "conv_stride", lambda v: v <= 2, 1)
    return _kept(space, "conv_stride", lambda v: steps <= VERY_LONG or v >= 2, 2 if steps <= LONG else 4)


def _batches(space: Space, examples: int) -> Space:
    if examples >= MANY:
        return _kept(space, "batch_size", lambda v: v >= 32, max(32, int(_default(space, "batch_size", 32))))
    return _kept(space, "batch_size", lambda v: v <= max(8, examples // 2))


def _default(space: Space, name: str, otherwise: int) -> Any:
    found = space.parameters.get(name)
    return otherwise if found is None else found.default


def _without(space: Space, name: str) -> Space:
    found = space.parameters.get(name)
    return space if found is None or found.kind == "fixed" else space.without(name)


def _limited(space: Space, name: str, high: int) -> Space:
    found = space.parameters.get(name)
    return space if found is None or found.kind == "fixed" else space.limited(name, high)


def _kept(space: Space, name: str, keep: Callable[[Any], bool], default: Any = None) -> Space:
    """The space with a choice cut to the values that ``keep`` accepts; unchanged where none or all are."""
    found = space.parameters.get(name)
    if found is None or found.kind != "choice":
        return space
    values = [v for v in found.values if keep(v)]
    return space.choosing(name, values, default) if values else space
