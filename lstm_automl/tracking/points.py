"""From the store's epochs and trials to MLflow's metric points: pure, the same points however often it is asked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from lstm_automl.search.contracts import Epoch, RungSpec

MLFLOW_STATUS = {"completed": "FINISHED", "stopped": "KILLED", "diverged": "FAILED", "failed": "FAILED"}


@dataclass(frozen=True)
class Point:
    """One metric value of one trial; equal points sent twice are one point to MLflow."""

    trial: int
    key: str
    value: float
    step: int
    time_ms: int


@dataclass
class Curves:
    """Turns epochs, in the order of the store, into points.

    With one fold a metric stands under its own name. With several, the bare name is the mean, given when the last
    fold of that epoch is in. Beside it, of the objective alone (each name is a chart in MLflow): each fold's curve,
    ``accuracy_fold0`` ..., that of finalists run again with other seeds, ``accuracy_seed1`` ..., and the training
    loss of refits, ``loss_refit0`` ...

    Args:
        folds: Of the search.
        metric: The objective.
    """

    folds: int
    metric: str
    _seen: set[tuple[int, int]] = field(default_factory=set)
    _parts: dict[tuple[int, str, int], dict[int, float]] = field(default_factory=dict)

    def add(self, spec: RungSpec, epoch: Epoch, time: float) -> Iterator[Point]:
        """The points this epoch completes; none for an epoch seen before (a rung run again after a kill)."""
        if (spec.job, epoch.epoch) in self._seen:
            return
        self._seen.add((spec.job, epoch.epoch))
        for key, value in {"loss": epoch.loss, **epoch.scores}.items():
            if math.isfinite(value):
                for name, number in self._named(spec, key, epoch.epoch, value):
                    yield Point(spec.trial, name, number, epoch.epoch, round(time * 1000))

    def _named(self, spec: RungSpec, key: str, epoch: int, value: float) -> Iterator[tuple[str, float]]:
        if spec.purpose == "refit":
            yield f"{key}_refit{spec.seed}", value
        elif spec.purpose == "seed":
            fold = f"_fold{spec.fold}" if self.folds > 1 else ""
            if key == self.metric:
                yield f"{key}_seed{spec.seed}{fold}", value
        elif self.folds <= 1:
            yield key, value
        else:
            if key == self.metric:
                yield f"{key}_fold{spec.fold}", value
            parts = self._parts.setdefault((spec.trial, key, epoch), {})
            parts[spec.fold] = value
            if len(parts) == self.folds:
                # summed in the order of the folds: workers finish in any order, the mean must not show it
                yield key, fmean(parts[f] for f in sorted(parts))


def parameters(values: Mapping[str, Any]) -> dict[str, str]:
    """Hyper-parameters as MLflow wants them; the learning rate also as a logarithm, as MLflow's axes are linear.

    >>> parameters({"units": 64, "learning_rate": 0.01})
    {'units': '64', 'learning_rate': '0.01', 'log10_learning_rate': '-2.0'}
    """
    out = {name: str(value) for name, value in values.items()}
    rate = values.get("learning_rate")
    if isinstance(rate, float | int) and rate > 0:
        out["log10_learning_rate"] = f"{math.log10(rate):.6g}" if rate != 1 else "0.0"
        if "." not in out["log10_learning_rate"]:
            out["log10_learning_rate"] += ".0"
    return out


def best_so_far(scores: Iterable[float | None], direction: str) -> Iterator[tuple[int, float]]:
    """``(rung, best objective of rungs 0..rung)``, from the scores of rungs in the order in which they were decided.

    >>> list(best_so_far([0.5, None, 0.7, 0.6], "max"))
    [(0, 0.5), (1, 0.5), (2, 0.7), (3, 0.7)]
    """
    better = max if direction == "max" else min
    best: float | None = None
    for rung, score in enumerate(scores):
        if score is not None and math.isfinite(score):
            best = score if best is None else better(best, score)
        if best is not None:
            yield rung, best
