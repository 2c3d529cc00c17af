"""In which order results may be read: as jobs would end on a clock of predicted costs, never as they happened to."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence

from lstm_automl.search.contracts import Values

Expected = Callable[[Values, int], float]
"""What so many epochs of a trial with these values take, in any unit, above 0. Pure: it must not be timed."""


def same(values: Values, epochs: int) -> float:
    """The cost where nothing is predicted: results are read in the order of their jobs."""
    return 1.0


def reads_results(*parts: object) -> bool:
    """Whether any of an oracle and a scheduler looks at results; where none does, no decision waits for one."""
    return any(getattr(part, "reads_results", True) for part in parts)


class ReadingOrder:
    """Jobs by their predicted end; each begins when the last result that its decision was shown ended.

    A job that should take long so holds up nobody: those decided after it that should end before it are read first.
    What a decision was shown stays in front whatever is decided later, because no later job ends before it begins.

    >>> order = ReadingOrder()
    >>> order.decide(0, [5.0, 1.0])
    >>> order.decide(1, [1.0])
    >>> order.decide(2, [9.0])
    >>> order[0:4]
    [1, 2, 0, 3]
    """

    def __init__(self) -> None:
        self._ends: list[tuple[float, int]] = []

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, part: slice) -> list[int]:
        return [place for _, place in self._ends[part]]

    def decide(self, shown: int, costs: Sequence[float]) -> None:
        """The next jobs are decided.

        Args:
            shown: How many results the decision was shown.
            costs: Of each job.
        """
        start = self._ends[shown - 1][0] if shown else 0.0
        first = len(self._ends)
        for i, cost in enumerate(costs):
            insort(self._ends, (start + cost, first + i))
