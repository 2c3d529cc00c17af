"""Where trials run: the executor that the settings name, reached before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_automl import plugins

if TYPE_CHECKING:
    from lstm_automl.estimators.request import Search
    from lstm_automl.search.contracts import Executor
    from lstm_automl.search.observer import Observer

ASKED = ("address", "storage", *plugins.CAPS)
"""Settings that an executor is given when it takes them and they were set."""


def misplaced(executor: str, **asked: object) -> str | None:
    """What is wrong with what is asked of an executor, in words; None when nothing is.

    >>> misplaced("local", trial_time=3.0)
    >>> misplaced("local", address="tcp://here:8786")
    '--address is of no use with --executor local'
    >>> misplaced("dask")
    '--executor dask needs --address'
    """
    reads = plugins.find("executor", executor).reads
    for name, value in asked.items():
        flag = f"--{name.replace('_', '-')}"
        if value is not None and name not in reads:
            return f"{flag} is of no use with --executor {executor}"
        if isinstance(value, str) and not value.strip():
            return f"{flag} is empty"
    if "address" in reads and asked.get("address") is None:
        return f"--executor {executor} needs --address"
    return None


def reach(settings: Search) -> None:
    """Raise UsageError unless the cluster of the settings answers; nothing is written anywhere."""
    if "address" in plugins.find("executor", settings.executor).reads:
        plugins.load("executor", settings.executor).check(settings.address, settings.storage)


@contextmanager
def executor(directory: Path, settings: Search, observer: Observer) -> Iterator[Executor]:
    """The executor of a search, closed in the end.

    Args:
        directory: Of the search.
        settings: Which, and how much of it.
        observer: Told of workers that will have nothing to do.

    Raises:
        UsageError: it cannot be used as it was asked for.
    """
    plugin = plugins.find("executor", settings.executor)
    given: dict[str, Any] = {name: getattr(settings, name) for name in ASKED if name in plugin.reads}
    if "address" in plugin.reads:  # as many workers as the cluster has
        workers = settings.workers and min(settings.workers, settings.concurrency)
    else:
        workers = min(settings.processes, settings.concurrency)
    made: Executor = plugin.load()(
        workers=workers, directory=directory, **{k: v for k, v in given.items() if v is not None}
    )
    try:
        there = made.capacity if "address" in plugin.reads else settings.processes
        if there > settings.concurrency:
            most = settings.concurrency
            observer.on_message(f"{there} workers, of which {most} have work: --concurrency is the most")
        yield made
    finally:
        made.close()
