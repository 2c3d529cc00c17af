"""State derived from a trial table: made anew from a plain one, kept up to date with a live one."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from lstm_automl.search.contracts import Table, TrialRow


class State(Protocol):
    """What can take in a row, and take it in again when it has changed."""

    def take(self, row: TrialRow) -> None:
        """Replace whatever was known of this row."""


S = TypeVar("S", bound=State)


@dataclass
class _Kept(Generic[S]):
    table: weakref.ref[Any]
    key: Hashable
    state: S
    version: int


class Derived(Generic[S]):
    """The state of a table, at the cost of what has changed since it was last asked for.

    A live table has ``version`` and ``changed(since)``; the state of any other is made anew each time. The answer is
    the same, and a table that is gone takes its state with it.
    """

    def __init__(self) -> None:
        self._kept: dict[int, _Kept[S]] = {}

    def of(self, table: Table, make: Callable[[], S], key: Hashable = None) -> S:
        """The state of ``table`` now.

        Args:
            table: Plain or live.
            make: An empty state.
            key: What else the state depends on.
        """
        version = getattr(table, "version", None)
        kept = None if version is None else self._kept.get(id(table))
        if kept is None or kept.table() is not table or kept.key != key:
            state, numbers = make(), range(len(table))
        else:
            state, numbers = kept.state, table.changed(kept.version)
        for number in numbers:
            state.take(table[number])
        if version is not None:
            self._keep(table, key, state, version)
        return state

    def _keep(self, table: Any, key: Hashable, state: S, version: int) -> None:
        kept = self._kept.get(id(table))
        if kept is not None and kept.table() is table:
            kept.key, kept.state, kept.version = key, state, version
            return
        place = id(table)
        self._kept[place] = _Kept(weakref.ref(table, lambda _: self._kept.pop(place, None)), key, state, version)
