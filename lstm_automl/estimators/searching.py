"""``search=Search(...)``: the whole flow for an estimator, in a folder of its own unless one was named."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from lstm_automl.errors import UsageError
from lstm_automl.estimators import flow, storing
from lstm_automl.estimators.fitting import Trained
from lstm_automl.estimators.preparing import default_name
from lstm_automl.estimators.request import Search
from lstm_automl.estimators.stored import StoredModel
from lstm_automl.spaces.loader import load
from lstm_automl.tasks.adapting import adapt
from lstm_automl.tasks.problem import Problem

KEPT = {"name", "home"}
"""Settings that name a place: the search's folder stays there, and the same call continues it."""


def settled(search: object, held: Mapping[str, Any], **own: Any) -> Search:
    """The settings with the estimator's own where ``search`` does not say otherwise.

    MLflow is left alone unless the settings name a place or a model.

    Args:
        search: What the user gave.
        held: Hyper-parameters the user changed: kept at their values.
        **own: ``seed``, ``max_epochs``, ``patience`` of the estimator.

    Raises:
        UsageError: not a :class:`Search`, or two values for one parameter.
    """
    if not isinstance(search, Search):
        raise UsageError(f"search is {search!r}: Search(...) or None is needed")
    for name in sorted(held.keys() & search.set.keys()):
        if held[name] != search.set[name]:
            raise UsageError(f"{name} is {held[name]!r} in the estimator and {search.set[name]!r} in Search.set")
    if held.get("batch_size", 0) is None:
        raise UsageError("batch_size=None (all examples in one step) cannot be searched with: leave search=None")
    said = search.model_fields_set
    update: dict[str, Any] = {name: value for name, value in own.items() if name not in said}
    update["set"] = {**search.set, **held}
    if not said & {"track", "tracking_uri", "register_as"}:
        update["track"] = False
    return search.model_copy(update=update)


def run(problem: Problem, settings: Search, started: float) -> Trained:
    """Search, select and refit; the model is read into memory before a temporary folder goes.

    Args:
        problem: The framed data, with the folds of the search.
        settings: How to search.
        started: When ``fit`` was called, on the monotonic clock: a time budget counts from there.

    Raises:
        UsageError: the space or the settings; nothing has been written then.
        NoValidTrialError: every trial failed or diverged.
    """
    from lstm_automl.models import bundle

    task = problem.task.name
    space = load(settings.space or task, overrides=dict(settings.set), task=task)
    if settings.space is None:
        space = adapt(space, problem.prepared)
    kept = bool(settings.model_fields_set & KEPT)
    with _home(settings.home if kept else None) as home:
        directory = storing.create(home / (settings.name or default_name(task, "estimator")), problem, space, settings)
        result = flow.run(directory, settings, started=started)
        if result.cut_off is not None:
            # the line that called fit
            warnings.warn(f"time budget: {result.cut_off}", ConvergenceWarning, stacklevel=6)
        model = StoredModel.of_predictor(bundle.load(result.path))
    facts = result.to_json()
    if result.model_uri == str(result.path) and not kept:
        facts["model_uri"] = None
    return Trained(model, dict(result.best.values), result.trials, search=facts)


@contextmanager
def _home(folder: str | None) -> Iterator[Path]:
    if folder is not None:
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory(prefix="lstm_automl-") as folder:
        yield Path(folder)
