"""Put sequences together and take some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstm_automl.data.sequences import Array, Sequences
from lstm_automl.errors import DataError

_PER_SEQUENCE = ("static", "groups", "ids", "weights")
_SAME = (
    "channels",
    "target_channels",
    "known_channels",
    "known_categories",
    "static_categories",
    "static_names",
    "target_per_row",
)


def check_alike(first: Sequences, other: Sequences) -> None:
    """Refuse sequences with other channels, static columns or targets than ``first``.

    Raises:
        DataError: names both sources and what differs.
    """
    for name in _SAME:
        a, b = getattr(first, name), getattr(other, name)
        if a != b and not (name == "channels" and same_channels(a, b)):
            what = name.replace("_", " ")
            raise DataError(f"{other.source}: {what} {_shown(b)}, but {first.source} has {_shown(a)}")
    if set(first.categories) != set(other.categories):
        raise DataError(
            f"{other.source}: categorical columns {sorted(other.categories)}, "
            f"but {first.source} has {sorted(first.categories)}"
        )


def same_channels(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether these are names of the same channels: those that readers make up say no more than an order.

    >>> same_channels(["value"], ["channel_0"]), same_channels(["speed", "load"], ["channel_0", "channel_1"])
    (True, False)
    """
    return list(a) == list(b) or (len(a) == len(b) and _made_up(a) and _made_up(b))


def _made_up(names: Sequence[str]) -> bool:
    return list(names) == ["value"] or any(
        list(names) == [f"{stem}_{i}" for i in range(len(names))] for stem in ("channel", "dim")
    )


def combine(parts: Sequence[Sequences]) -> Sequences:
    """One set of sequences after the other; what only some parts have (ids, groups, times ...) is dropped.

    Raises:
        DataError: no part, other channels, or targets of another kind.
    """
    if not parts:
        raise DataError("nothing to put together")
    first = parts[0]
    for other in parts[1:]:
        check_alike(first, other)
        if (first.targets is None) != (other.targets is None):
            raise DataError(f"{other.source} and {first.source}: only one of them has targets")
    starts = np.cumsum([0, *(len(part.values) for part in parts[:-1])])
    fields: dict[str, Any] = {name: _joined([getattr(p, name) for p in parts]) for name in _PER_SEQUENCE}
    return replace(
        first,
        values=np.concatenate([part.values for part in parts]),
        offsets=np.concatenate([[0], *(p.offsets[1:] + s for p, s in zip(parts, starts, strict=True))]),
        targets=None if first.targets is None else _joined_targets(parts),
        times=_joined([part.times for part in parts]),
        categories={name: np.concatenate([p.categories[name] for p in parts]) for name in first.categories},
        source=" + ".join(dict.fromkeys(part.source for part in parts)),
        **fields,
    )


def take(data: Sequences, sequences: ArrayLike) -> Sequences:
    """The sequences of these numbers, in this order (repeats allowed)."""
    chosen = np.asarray(sequences, dtype=np.int64)
    rows = rows_of(data, chosen)
    lengths = data.lengths[chosen]
    fields: dict[str, Any] = {
        name: None if getattr(data, name) is None else getattr(data, name)[chosen] for name in _PER_SEQUENCE
    }
    targets = data.targets
    if targets is not None:
        targets = targets[rows if data.target_per_row else chosen]
    return replace(
        data,
        values=data.values[rows],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        targets=targets,
        times=None if data.times is None else data.times[rows],
        categories={name: values[rows if per_step(data, name) else chosen] for name, values in data.categories.items()},
        **fields,
    )


def rows_of(data: Sequences, sequences: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row numbers of these sequences, one after the other."""
    lengths = data.lengths[sequences]
    begin = np.cumsum(lengths) - lengths
    return np.repeat(data.offsets[sequences] - begin, lengths) + np.arange(int(lengths.sum()))


def per_step(data: Sequences, category: str) -> bool:
    """True for a categorical column of ``(rows,)``, False for one of ``(n,)``."""
    return category not in data.static_categories


def _joined(arrays: list[Array | None]) -> Array | None:
    given = [array for array in arrays if array is not None]
    return np.concatenate(given) if len(given) == len(arrays) else None


def _joined_targets(parts: Sequence[Sequences]) -> Array:
    targets = [part.targets for part in parts if part.targets is not None]
    kinds = {"text" if t.dtype.kind in "US" else "number" for t in targets}
    if len(kinds) > 1:
        raise DataError(f"{parts[0].source} and {parts[1].source}: targets are text in one and numbers in another")
    return np.concatenate(targets)


def _shown(value: object) -> str:
    text = ", ".join(str(v) for v in value) if isinstance(value, tuple) else str(value)
    return (text if len(text) <= 80 else text[:77] + "...") or "none"
