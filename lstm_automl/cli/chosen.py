"""Which trial a search stands for: that of its model where there is one, else the best so far."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from lstm_automl.search.contracts import Table
    from lstm_automl.tasks.task import Direction


class Chosen(NamedTuple):
    """A trial.

    Args:
        score: That by which it was chosen: over its fresh runs where there were any.
        search_score: Of its run in the search; None where the model is of a trial that has none.
        model: Whether the model is of this trial.
        fresh_runs: Whether ``score`` is over fresh runs; None where the model does not say so.
    """

    number: int
    values: Mapping[str, Any]
    score: float | None
    search_score: float | None
    model: bool
    fresh_runs: bool | None = False

    def said(self, metric: str) -> str:
        """The score in words.

        >>> Chosen(1, {}, 0.5, 0.75, True, True).said("accuracy")
        'accuracy 0.5 over fresh runs, 0.75 in the search'
        >>> Chosen(1, {}, 0.5, 0.75, True, False).said("accuracy")
        'accuracy 0.5 in the search when it was chosen, 0.75 now'
        >>> Chosen(1, {}, 0.75, 0.75, False).said("accuracy")
        'accuracy 0.75 in the search'
        """
        if self.score is None or self.score == self.search_score or not self.model:
            return f"{metric} {self.search_score or 0:.6g} in the search"
        score, search = f"{metric} {self.score:.6g}", self.search_score
        if self.fresh_runs is None:
            return score
        if self.fresh_runs:
            return f"{score} over fresh runs" + ("" if search is None else f", {search:.6g} in the search")
        return f"{score} in the search when it was chosen" + ("" if search is None else f", {search:.6g} now")


def chosen(folder: Path, table: Table, direction: Direction) -> Chosen | None:
    """The trial of the model, else the best of the search; None where no trial has a score.

    The best of single runs is often another trial than the one that other seeds confirmed.
    """
    from lstm_automl.search.rows import rank

    scores = {t.number: t.score for t in table}
    try:
        about = json.loads((folder / "bundle" / "bundle.json").read_text())["about"]
        number, values = int(about["best"]["trial"]), dict(about["best"]["values"])
        return Chosen(number, values, about["score"], scores.get(number), True, about.get("fresh_runs"))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass  # no model yet, or none that can be read: whoever loads it says so
    ranked = rank(table, direction)
    return Chosen(ranked[0].number, ranked[0].values, ranked[0].score, ranked[0].score, False) if ranked else None
