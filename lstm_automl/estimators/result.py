"""What a search returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_automl.search.contracts import Table, TrialRow
from lstm_automl.search.cut_off import CutOff, cut_off
from lstm_automl.tasks.task import Direction

if TYPE_CHECKING:
    import pandas as pd

    from lstm_automl.data.sequences import Sequences
    from lstm_automl.models.predictor import Predictor


@dataclass(frozen=True)
class SearchResult:
    """A finished search.

    Args:
        name: Of search, experiment and registered model.
        task: Name of the task.
        objective: ``{"metric", "direction"}``.
        table: Every trial, by number.
        best: The chosen trial; its score is the mean over fresh seeds, or the run of the search where none was made.
        test: Scores on the test part, looked at once; empty without one.
        baselines: name -> part -> metric -> score.
        model_uri: ``models:/NAME/VERSION``; the bundle's folder where nothing was registered.
        path: The bundle.
        seconds: Wall time of this call.
        looks: Times the test part of this search was scored.
        notes: What else there is to say of its end, a sentence each.
    """

    name: str
    task: str
    objective: Mapping[str, str]
    table: Table
    best: TrialRow
    test: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, Mapping[str, float]]]
    model_uri: str
    path: Path
    seconds: float
    looks: int = 1
    notes: tuple[str, ...] = field(default=())

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row a trial: number, values, score, val_loss, best epoch, epochs trained, status."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"number": t.number, **t.values, "score": t.score, "val_loss": t.loss, "best_epoch": t.best_epoch,
                 "epochs": max(map(len, t.epochs), default=0), "status": t.status}
                for t in self.table
            ]
        )  # fmt: skip

    @cached_property
    def predictor(self) -> Predictor:
        """The final model."""
        from lstm_automl.models.bundle import load

        return load(self.path)

    @property
    def cut_off(self) -> CutOff | None:
        """What the choice rests on where time ended before any trial had finished its first rung; else None."""
        return cut_off(self.table, self.direction)

    @property
    def direction(self) -> Direction:
        """Of the objective."""
        return "max" if self.objective["direction"] == "max" else "min"

    def predict(self, data: str | Path | Sequences) -> pd.DataFrame:
        """Predict a file or sequences; columns as ``lstm-automl predict`` writes them.

        Raises:
            UsageError: a file that cannot be read, or sequences unlike those of training.
            StateError: the model on disk is damaged.
        """
        from lstm_automl.estimators.inference import predict

        return predict(self.predictor, data)

    def to_json(self) -> dict[str, Any]:
        """The object ``--json`` prints."""
        return {
            "name": self.name,
            "task": self.task,
            "trials": len(self.table),
            "objective": dict(self.objective),
            "best": {"number": self.best.number, "values": dict(self.best.values), "score": self.best.score},
            "test": dict(self.test),
            "baselines": {k: dict(v.get("test") or v.get("valid") or {}) for k, v in self.baselines.items()},
            "cut_off": None if self.cut_off is None else self.cut_off._asdict(),
            "model_uri": self.model_uri,
            "seconds": round(self.seconds, 1),
        }
