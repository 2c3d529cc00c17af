"""``search=None``: exactly these values, trained in this process; nothing is written."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lstm_automl.errors import NoValidTrialError
from lstm_automl.estimators.stored import StoredModel
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.task import State

if TYPE_CHECKING:
    import pandas as pd

    from lstm_automl.models.progress import FitResult


@dataclass(frozen=True)
class Trained:
    """A trained model and how it came about.

    Args:
        model: Predicts.
        values: Its hyper-parameters.
        trials: One row a trial, as :attr:`SearchResult.trials`.
        history: One row an epoch of the model's own training; None after a search.
        search: The search's facts as ``--json`` prints them; None without one.
    """

    model: StoredModel
    values: Mapping[str, Any]
    trials: pd.DataFrame
    history: pd.DataFrame | None = None
    search: Mapping[str, Any] | None = None


def train(
    problem: Problem,
    values: Mapping[str, Any],
    state: State,
    *,
    seed: int,
    max_epochs: int,
    patience: int | None,
    dtype: str,
) -> Trained:
    """Train on the problem's first fold; with a validation part the weights are those of the best epoch.

    Args:
        problem: Task and framed data.
        values: Hyper-parameters.
        state: Scalers of the training part.
        seed: At least 0.
        max_epochs: At least 1.
        patience: Epochs without a better score before it ends; None = never.
        dtype: ``"float32"`` or ``"float64"``, of the network.

    Raises:
        NoValidTrialError: the training diverged before its first score.
    """
    from lstm_automl.models.fit import fit_problem
    from lstm_automl.models.graph import tidy

    fold = problem.split.folds[0]
    valid = fold.valid if len(fold.valid) else None
    try:
        trainer, result = fit_problem(
            problem, values, train=fold.train, valid=valid, state=state, seed=seed, max_epochs=max_epochs,
            patience=patience, dtype=dtype,
        )  # fmt: skip
        if result.status == "diverged":
            if result.best_weights is None:
                raise NoValidTrialError(
                    "the training diverged (its loss is not finite): lower learning_rate or clipnorm"
                )
            _warn(f"the training diverged after epoch {result.epochs[-1].epoch}; the best weights until then are kept")
        return Trained(StoredModel.of_trainer(trainer), dict(values), *_tables(values, result))
    finally:
        tidy()  # a grid search fits hundreds of kinds of networks in one process


def _tables(values: Mapping[str, Any], result: FitResult) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The one trial, and its epochs."""
    import pandas as pd

    trial = {"number": 0, **values, "score": result.score, "val_loss": result.loss, "best_epoch": result.best_epoch,
             "status": result.status}  # fmt: skip
    history = pd.DataFrame([{"epoch": e.epoch, "loss": e.loss, **e.scores} for e in result.epochs])
    return pd.DataFrame([trial]), history


def _warn(message: str) -> None:
    from sklearn.exceptions import ConvergenceWarning

    warnings.warn(message, ConvergenceWarning, stacklevel=7)  # the line that called fit
