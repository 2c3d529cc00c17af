"""How a search is run: oracle, limits, workers, seed, names; checked as a whole before anything is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lstm_automl import plugins
from lstm_automl.errors import UsageError, did_you_mean
from lstm_automl.estimators import placing
from lstm_automl.search.executors import devices

SEARCH_SHARE = 0.6
"""Share of a time budget for the search itself; the rest is for selection, refit, evaluation, registration."""

Positive = Annotated[int, Field(ge=1, strict=True)]


class Search(BaseModel):
    """Settings of a search; the values shown are the defaults.

    Args:
        max_trials: Trials, at least 1 (40).
        max_epochs: Epochs of a trial, at least 1 (50); an epoch is 16 to 256 optimiser steps.
        time_budget: Seconds for everything from reading to registration; None = no limit. Results then depend
            on the machine's speed.
        oracle: ``tpe``, ``random``, ``grid`` or ``bayesian``.
        scheduler: ``asha``, ``hyperband`` or ``none``: how far a trial is trained.
        patience: Epochs without a better validation score before a trial ends (10), from the middle of a falling
            schedule on; None = never.
        cv: Folds; None = 5 below 500 training examples without ``valid`` or ``split``, else 1.
        workers: Processes, at most ``concurrency``; None = one a GPU, or one a core without any; of a cluster all.
        concurrency: Jobs decided ahead (8); part of a search's identity, unlike ``workers``.
        executor: ``local``, ``dask`` or ``ray``.
        address: Of the cluster: ``tcp://HOST:PORT`` of a dask scheduler, ``HOST:PORT`` of a ray head.
        storage: URL of a directory (fsspec) through which files reach the cluster's workers and come back; None = they
            see the search's folder themselves.
        trial_time: Seconds that a trial may be trained on one fold, all its rungs together; None = no limit. After them
            it is ``failed``; what killed attempts took is not counted. Results then depend on the machine's speed.
        trial_memory: MiB by which a rung may make its process grow; None = no limit. Ended for it, it is tried twice
            more, then the trial is ``failed``. Results then depend on the machine.
        seed: From 0; equal seed, equal table.
        finalists: Best trials run again with other seeds before one is chosen (3).
        seeds: Seeds of each finalist (3).
        ensemble: Refitted copies of the best, averaged in the saved model (5).
        space: Name or file of a space; None = the task's own.
        set: Parameters held at a value.
        metric: Objective; None = the task's first metric.
        name: Name of search, experiment and registered model; None = ``{task}-{data stem}``.
        home: Folder of searches.
        tracking_uri: Of MLflow; None = ``MLFLOW_TRACKING_URI``, else ``sqlite:///mlflow.db`` in the working directory.
        register_as: Registered model; None = ``name``; ``""`` = do not register.
        track: Log to MLflow.

    Raises:
        UsageError: naming every setting that is wrong.

    >>> Search(max_trials=3).max_trials
    3
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_trials: Positive = 40
    max_epochs: Positive = 50
    time_budget: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    oracle: str = "tpe"
    scheduler: str = "asha"
    patience: Positive | None = 10
    cv: Annotated[int, Field(ge=1, le=50, strict=True)] | None = None
    workers: Positive | None = None
    concurrency: Positive = 8
    executor: str = "local"
    address: str | None = None
    storage: str | None = None
    trial_time: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    trial_memory: Positive | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32, strict=True)] = 0
    finalists: Positive = 3
    seeds: Positive = 3
    ensemble: Positive = 5
    space: str | None = None
    set: Mapping[str, Any] = {}
    metric: str | None = None
    name: str | None = None
    home: str = "searches"
    tracking_uri: str | None = None
    register_as: str | None = None
    track: bool = True

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as wrong:
            raise UsageError("\n".join(_sentence(e) for e in wrong.errors())) from None

    @field_validator("oracle", "scheduler", "executor")
    @classmethod
    def _registered(cls, value: str, info: Any) -> str:
        plugins.find(info.field_name, value)
        return value

    @field_validator("name", "register_as")
    @classmethod
    def _plain(cls, value: str | None, info: Any) -> str | None:
        return value if value is None or (value == "" and info.field_name == "register_as") else check_name(value)

    @model_validator(mode="after")
    def _placed(self) -> Search:
        wrong = placing.misplaced(self.executor, **{name: getattr(self, name) for name in placing.ASKED})
        if wrong is not None:
            raise UsageError(wrong)
        return self

    @property
    def processes(self) -> int:
        """``workers``, or as many as this machine takes."""
        return self.workers or devices.slots()


def check_name(name: str) -> str:
    """A name that is at once a folder, an experiment and a registered model.

    Raises:
        UsageError: it cannot be one of them.

    >>> check_name("digits-2")
    'digits-2'
    """
    if not re.fullmatch(r"[A-Za-z0-9\[\]()=,+@ _.-]{1,128}", name) or name.strip(". ") != name or not name.strip("."):
        raise UsageError(
            f"name {name[:60]!r} is not usable: 1 to 128 letters, digits or any of '-_.,=+@()[] ', "
            "not beginning or ending in '.' or a space"
        )
    return name


def _sentence(error: Any) -> str:
    place = ".".join(str(p) for p in error["loc"]) or "setting"
    if isinstance(error.get("ctx", {}).get("error"), UsageError) and str(error["ctx"]["error"]).startswith("--"):
        return str(error["ctx"]["error"])
    if error["type"] == "extra_forbidden":
        return f"unknown setting {place!r}{did_you_mean(place, Search.model_fields)}"
    message, got = error["msg"].removeprefix("Value error, "), repr(error["input"])
    return f"{place}: {message}" if got[1:21] in message else f"{place}: {message} (got {got})"
