"""A trial table that grows and says what has changed in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

from lstm_automl.search.contracts import TrialRow


class LiveTable(Sequence[TrialRow]):
    """The trials as the next decision sees them, in number order; equal content, equal decision.

    What is derived from it can be kept up to date at the cost of what has changed.

    >>> table = LiveTable()
    >>> table.put(TrialRow(0, {}, "running"))
    >>> before = table.version
    >>> table.put(TrialRow(1, {}, "running"))
    >>> list(table.changed(before)), len(table)
    ([1], 2)
    """

    def __init__(self, rows: Iterable[TrialRow] = ()) -> None:
        self._rows: list[TrialRow] = []
        self._changes: list[int] = []
        for row in rows:
            self.put(row)

    @property
    def version(self) -> int:
        """Grows with every change."""
        return len(self._changes)

    def changed(self, since: int) -> Iterable[int]:
        """The numbers of the rows that changed after that version, each once."""
        return dict.fromkeys(self._changes[since:])

    def put(self, row: TrialRow) -> None:
        """A row as it now is: a known one, or the next."""
        if row.number < len(self._rows):
            if self._rows[row.number] == row:
                return
            self._rows[row.number] = row
        else:
            self._rows.append(row)
        self._changes.append(row.number)

    @overload
    def __getitem__(self, index: int) -> TrialRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[TrialRow]: ...
    def __getitem__(self, index: int | slice) -> TrialRow | Sequence[TrialRow]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]
