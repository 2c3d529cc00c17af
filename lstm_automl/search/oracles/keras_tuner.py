"""Keras Tuner's oracles as pure functions: a fresh one for each proposal, filled from the table, asked once."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from statistics import median
from typing import Any

from lstm_automl.search.contracts import Table, TrialRow
from lstm_automl.search.oracles.draws import of_last_space
from lstm_automl.spaces.space import Space, Value
from lstm_automl.tasks.task import Direction


def ask(oracle: Any, space: Space, n: int) -> Mapping[str, Value]:
    """The values that ``oracle`` would give trial ``n``."""
    from sklearn.exceptions import ConvergenceWarning

    from lstm_automl.search.hyperparameters import from_hyperparameters

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of the process's fit: nothing a user could do
        response = oracle.populate_space(str(n))
    return space.fill(from_hyperparameters(space, response["values"]))


def settings(space: Space, seed: int, direction: Direction) -> dict[str, Any]:
    """What every Keras Tuner oracle is made with; ``seed`` is never 0, which it would take for random."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras_tuner

    return {
        "objective": keras_tuner.Objective("score", direction),
        "hyperparameters": _declared(space),
        "seed": seed,
    }


@of_last_space
def _declared(space: Space) -> Any:
    """The space as Keras Tuner's hyper-parameters; oracles read it only."""
    import keras_tuner

    from lstm_automl.search.hyperparameters import to_hyperparameters

    hp = keras_tuner.HyperParameters()
    to_hyperparameters(space, hp)
    return hp


def reached(row: TrialRow) -> float | None:
    """Score of the last finished rung, of a promoted trial too; None without one, and where it failed or diverged."""
    if row.status in ("failed", "diverged"):
        return None
    if row.score is not None:
        return row.score
    return next((score for _, score in reversed(row.rungs) if score is not None), None)


def fill(oracle: Any, space: Space, table: Table, direction: Direction) -> None:
    """Tell an oracle the table: failed and diverged trials as the worst score there is, unscored ones as the median.

    Args:
        oracle: A fresh one of Keras Tuner.
        space: What is searched.
        table: All earlier trials.
        direction: Of the objective.
    """
    from keras_tuner.engine.trial import Trial, TrialStatus

    from lstm_automl.search.hyperparameters import to_hp_values

    scores = [score for row in table if (score := reached(row)) is not None]
    if not scores:
        return
    worst = min(scores) if direction == "max" else max(scores)
    for row in table:
        hp = oracle.hyperparameters.copy()
        hp.values = to_hp_values(space, dict(row.values))
        trial = Trial(hyperparameters=hp, trial_id=str(row.number), status=TrialStatus.COMPLETED)
        score = reached(row)
        trial.score = score if score is not None else median(scores) if row.status == "running" else worst
        oracle.trials[trial.trial_id] = trial
        oracle.start_order.append(trial.trial_id)
        oracle.end_order.append(trial.trial_id)
