"""What all estimators share: from framed data to a model, by training or by a search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from lstm_automl.data.split import Index
from lstm_automl.errors import UsageError
from lstm_automl.estimators import arguments, searching
from lstm_automl.estimators.fitting import Trained, train
from lstm_automl.estimators.quiet import no_retracing_advice
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.task import Metric, State

if TYPE_CHECKING:
    import pandas as pd

    from lstm_automl.estimators.request import Search
    from lstm_automl.estimators.stored import StoredModel
    from lstm_automl.models.predictor import Predictor

Array = NDArray[Any]
Parted = Callable[[Problem, float, int], Problem]
"""``(problem, share held out, seed) -> problem`` with its first fold."""
Folded = Callable[[Problem, int | None, int], Problem]
"""``(problem, folds, seed) -> problem`` with the folds of a search."""

WEIGHED = Metric("val_loss", "min")
"""What decides on the best epoch where examples are weighted: it weighs as training does, the metrics do not."""


class LSTMEstimator(BaseEstimator):  # type: ignore[misc]
    """Base of the estimators; constructor arguments of the same name mean the same in each.

    The constructor's signature is the list of parameters, as scikit-learn asks: each subclass spells it out.
    """

    task: ClassVar[str]
    """Name of the task."""

    batch_size: int | None
    max_epochs: int
    patience: int | None
    validation_fraction: float | None
    search: Search | None
    dtype: str
    random_state: Any

    trials_: pd.DataFrame
    """One row a trial: number, hyper-parameters, score, loss, best epoch, status."""
    best_params_: dict[str, Any]
    """Hyper-parameters of the model, those that nothing reads left out."""
    history_: pd.DataFrame | None
    """One row an epoch (loss, validation metrics); None after a search."""
    search_: dict[str, Any] | None
    """The search's facts (best score, baselines, model_uri ...); None without a search."""
    _model: StoredModel

    @property
    def predictor_(self) -> Predictor:
        """The fitted model, for tables and outputs that scikit-learn has no word for."""
        check_is_fitted(self)
        no_retracing_advice()
        return self._model.predictor

    def _settings(self) -> tuple[int, int, int | None, float, str]:
        """Seed, epochs, patience, share held out, dtype; everything checked."""
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        if isinstance(self.random_state, int | np.integer):
            seed = int(self.random_state)
        epochs = arguments.whole("max_epochs", self.max_epochs)
        assert epochs is not None
        patience = arguments.whole("patience", self.patience, none=True)
        share = arguments.fraction(self.validation_fraction)
        return seed, epochs, patience, share, arguments.precision(self.dtype)

    def _learn(
        self,
        framed: Callable[[str | None], Problem],
        state_of: Callable[[Problem, Index], State],
        parted: Parted,
        folded: Folded,
        started: float,
        unread: tuple[str, ...] = (),
    ) -> None:
        """Train or search, and keep what was found.

        Args:
            framed: Metric -> the framed data.
            state_of: Scalers of the training examples, without a search.
            parted, folded: Choose the parts of both ways.
            started: When ``fit`` was called, on the monotonic clock.
            unread: Hyper-parameters that nothing reads with this data (a search finds out by itself).
        """
        no_retracing_advice()
        if self.search is None:
            found = self._train(framed(None), state_of, parted, unread)
        else:
            found = self._search(framed, folded, started)
        self._model = found.model
        self.trials_, self.best_params_ = found.trials, dict(found.values)
        self.history_ = found.history
        self.search_ = None if found.search is None else dict(found.search)

    def _train(
        self, problem: Problem, state_of: Callable[[Problem, Index], State], parted: Parted, unread: tuple[str, ...]
    ) -> Trained:
        seed, epochs, patience, share, dtype = self._settings()
        values = arguments.active(self, self.task, unread)
        problem = parted(problem, 0.0 if values["batch_size"] is None else share, seed)
        state = state_of(problem, problem.split.folds[0].train)
        if "weight" in problem.frame.fields or "class_weight" in state.arrays:
            problem = replace(problem, metric=WEIGHED)
        return train(problem, values, state, seed=seed, max_epochs=epochs, patience=patience, dtype=dtype)

    def _search(self, framed: Callable[[str | None], Problem], folded: Folded, started: float) -> Trained:
        seed, epochs, patience, _, _ = self._settings()
        held = arguments.changed(self, arguments.shipped(self.task).parameters)
        idle = arguments.changed(self, ("validation_fraction", "dtype"))
        if idle:
            raise UsageError(f"{', '.join(idle)} cannot be set beside search=: folds are set by Search(cv=...), and a "
                             "search trains in float32")  # fmt: skip
        own: Mapping[str, Any] = {"max_epochs": epochs, "patience": patience}
        own = own if self.random_state is None else {**own, "seed": seed}
        settings = searching.settled(self.search, held, **own)
        problem = folded(framed(settings.metric), settings.cv, settings.seed)
        return searching.run(problem, settings, started)
