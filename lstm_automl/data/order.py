"""The rows of a table that belong together, in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.sequences import Array
from lstm_automl.data.table import Table, require, texts
from lstm_automl.data.times import times
from lstm_automl.errors import DataError


@dataclass(frozen=True)
class Order:
    """How rows form sequences.

    Args:
        rows: ``(rows,)`` table rows, sequence after sequence, each in order of time.
        offsets: ``(n + 1,)`` where each sequence begins in ``rows``.
        ids: ``(n,)`` names in order of first appearance; None for one nameless sequence.
        times: ``(rows,)`` time stamps in the order of ``rows``, or None.
    """

    rows: NDArray[np.int64]
    offsets: NDArray[np.int64]
    ids: Array | None
    times: Array | None

    def constant(self, table: Table, name: str, values: Array, hint: str = "") -> Array:
        """``(n,)``: the one value each sequence has in a column of ``(rows,)`` table rows; ``hint`` ends the message.

        Raises:
            DataError: it changes within a sequence.
        """
        change = self.first_change(values)
        if change is not None:
            first, other = change
            sequence = int(np.searchsorted(self.offsets, np.flatnonzero(self.rows == other)[0], "right")) - 1
            whose = f"id {str(self.ids[sequence])!r}" if self.ids is not None else "the series"
            raise DataError(
                f"{table.cell(other, name)} must not change within {whose}: "
                f"{str(values[other])!r}, but {str(values[first])!r} at {table.row(first)}{hint}"
            )
        return values[self.rows[self.offsets[:-1]]]

    def first_change(self, values: Array) -> tuple[int, int] | None:
        """Two table rows of one sequence with different values, or None."""
        ordered = values[self.rows]
        first = np.repeat(ordered[self.offsets[:-1]], np.diff(self.offsets))
        differs = ordered != first
        if ordered.dtype.kind == "f":
            differs &= ~(np.isnan(ordered.astype(float)) & np.isnan(first.astype(float)))
        if not differs.any():
            return None
        at = int(np.argmax(differs))
        start = int(self.offsets[np.searchsorted(self.offsets, at, "right") - 1])
        return int(self.rows[start]), int(self.rows[at])


def order_rows(table: Table, id_: str | None, time: str | None) -> Order:
    """Group rows by id, in order of first appearance, and sort each group by time.

    Raises:
        DataError: an id is missing, or one id has two rows with the same time stamp.
    """
    codes, ids = _groups(table, id_)
    if time is None:
        rows = np.argsort(codes, kind="stable")
        stamps = None
    else:
        unordered = times(table, time, codes)
        rows = np.lexsort((unordered, codes))
        stamps = unordered[rows]
        same = np.flatnonzero((stamps[1:] == stamps[:-1]) & (codes[rows][1:] == codes[rows][:-1]))
        if same.size:
            one, two = int(rows[same[0]]), int(rows[same[0] + 1])
            whose = f" of id {str(ids[codes[one]])!r}" if ids is not None else ""
            more = f", the first of {same.size}" if same.size > 1 else ""
            hint = "" if id_ else "; name the column that tells series apart with --id"
            stamp = _shown(stamps[same[0]])
            raise DataError(f"{table.cell(two, time)}: time {stamp}{whose} is already at {table.row(one)}{more}{hint}")
    count = int(codes.max()) + 1 if codes.size else 0
    offsets = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=count))]).astype(np.int64)
    return Order(rows.astype(np.int64), offsets, ids, stamps)


def _shown(stamp: Any) -> str:
    return f"{stamp:g}" if isinstance(stamp, float) else str(stamp).removesuffix(".000000000").removesuffix("T00:00:00")


def _groups(table: Table, id_: str | None) -> tuple[NDArray[np.int64], Array | None]:
    if id_ is None:
        return np.zeros(len(table), np.int64), None
    names = texts(table, id_)
    require(table, id_, names)
    unique, first, inverse = np.unique(names, return_index=True, return_inverse=True)
    appearance = np.argsort(first)
    position = np.empty_like(appearance)
    position[appearance] = np.arange(len(appearance))
    return position[inverse].astype(np.int64), unique[appearance]
