"""Epochs that are news: with a score that none before them had."""

from __future__ import annotations

import math

from lstm_automl.search.contracts import Epoch


class Records:
    """Whether an epoch is to be told at once, while others may wait for each other.

    Which way a score is better is not known here, so that both ends of its range count. Early epochs of a search
    break records all the time, later ones hardly ever.

    >>> records = Records()
    >>> [records.broken_by(Epoch(i, 1.0, {"accuracy": a})) for i, a in enumerate([0.5, 0.5, 0.7, 0.6, 0.4])]
    [True, False, True, False, True]
    """

    def __init__(self) -> None:
        self._ranges: dict[str, tuple[float, float]] = {}

    def broken_by(self, epoch: Epoch) -> bool:
        """Whether one of the epoch's scores is beyond all of the same name so far; from then on it is not."""
        found = False
        for name, score in epoch.scores.items():
            if not math.isfinite(score):
                continue
            least, most = self._ranges.get(name, (score, score))
            if name not in self._ranges or not least <= score <= most:
                self._ranges[name] = min(least, score), max(most, score)
                found = True
        return found
