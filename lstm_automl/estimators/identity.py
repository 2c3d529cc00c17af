"""What makes two searches different searches."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lstm_automl import plugins
from lstm_automl.errors import DifferentSearchError
from lstm_automl.estimators.request import Search
from lstm_automl.models import cost
from lstm_automl.models.kernels import rule
from lstm_automl.search import schedulers
from lstm_automl.search.executors import devices
from lstm_automl.search.executors.versions import versions
from lstm_automl.search.reading import reads_results
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.problem import Problem

# What makes two searches different; limits, workers and places may change between calls.
IDENTITY = ("task", "space", "data_digest", "metric", "seed", "concurrency", "oracle", "scheduler", "folds",
            "max_epochs", "patience", "kernels", "rungs", "order", "tensorflow", "device")  # fmt: skip
VERSIONS = {
    "kernels": "the kernel rule",
    "rungs": "the rung rule",
    "order": "the order of results",
    "tensorflow": "TensorFlow",
}


def identity(problem: Problem, space: Space, settings: Search) -> dict[str, Any]:
    """The facts that decide a search's table."""
    return {
        "task": problem.task.name,
        "space": space.to_json(),
        "data_digest": problem.digest(),
        "metric": problem.metric.name,
        "direction": problem.metric.direction,
        "seed": settings.seed,
        "concurrency": settings.concurrency,
        "oracle": settings.oracle,
        "scheduler": settings.scheduler,
        "folds": len(problem.split.folds),
        "max_epochs": settings.max_epochs,
        "patience": settings.patience,
        **_versions(settings.oracle, settings.scheduler),
        "device": _device(settings),
    }


def _device(settings: Search) -> str | None:
    """``cpu`` or ``gpu``: it computes other last digits; None = not known here, as with the workers of a cluster."""
    return devices.kind() if settings.executor == "local" else None


def _versions(oracle: str, scheduler: str) -> dict[str, Any]:
    """Of what computes and decides; TensorFlow is not imported for it."""
    tensorflow = versions()["tensorflow"].split(".")
    reading = reads_results(plugins.load("oracle", oracle), plugins.load("scheduler", scheduler))
    return {
        "kernels": rule.VERSION,  # another rule computes other last digits
        "rungs": 0 if scheduler == "none" else schedulers.RULE,
        "order": cost.VERSION if reading else None,
        "tensorflow": ".".join(tensorflow[:2]),
    }


def check_resumed(directory: Path, meta: Mapping[str, Any], settings: Search) -> None:
    """Raise DifferentSearchError where the table was begun by other rules, TensorFlow or device than these."""
    now = _versions(meta["oracle"], meta["scheduler"])
    differs = [
        f"version {meta.get(key, 'unknown')} of {words} (now {now[key]})"
        for key, words in VERSIONS.items()
        if meta.get(key) != now[key]
    ]
    there, here = meta.get("device"), _device(settings)
    if None not in (there, here) and there != here:
        differs.append(f"device {there} (now {here}{_hint('device', here)})")
    if differs:
        raise DifferentSearchError(
            f"{directory} was begun with {', '.join(differs)}: its trials would not be comparable; "
            "begin another search with --name"
        )


def compare(directory: Path, old: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
    """Raise DifferentSearchError when the search ``old`` in ``directory`` is not the search ``meta``."""
    differs = [k for k in IDENTITY if json.dumps(old.get(k), sort_keys=True) != json.dumps(meta[k], sort_keys=True)]
    if None in (old.get("device"), meta["device"]):
        differs = [k for k in differs if k != "device"]
    if differs:
        lines = [f"  {k}: {_short(k, old.get(k))} there, {_short(k, meta[k])} now{_hint(k, meta[k])}" for k in differs]
        raise DifferentSearchError(
            f"{directory} holds a search made with something else:\n"
            + "\n".join(lines)
            + "\nGive the same values to continue it, or another --name."
        )


def _hint(key: str, now: Any) -> str:
    return "; CUDA_VISIBLE_DEVICES=-1 trains on the cpu" if (key, now) == ("device", "gpu") else ""


def _short(key: str, value: Any) -> str:
    if key == "space":
        return "space " + hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]
    return f"{value:.12}" if key == "data_digest" and isinstance(value, str) else repr(value)
