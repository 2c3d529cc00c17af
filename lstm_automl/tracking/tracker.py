"""The thread that keeps MLflow up with the store while training goes on, and never makes it wait."""

from __future__ import annotations

import json
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from lstm_automl.errors import LstmAutomlError, as_typed
from lstm_automl.search.cut_off import CutOff
from lstm_automl.search.lock import SearchLock
from lstm_automl.tracking.client import resolve
from lstm_automl.tracking.cursor import Cursor, note_outcome
from lstm_automl.tracking.mirror import Mirror
from lstm_automl.tracking.patience import impatient

_LONGEST_PAUSE = 30.0
# Seconds to wait at the end: for a search that was stopped, and where MLflow has not answered lately.
_STOPPED, _AWAY = 4.0, 12.0


class Tracker:
    """Sends a search to MLflow from a thread of its own.

    Reads the store only; a server that is down, hangs or fails is asked again later, and what it missed is
    sent then, or on the next resume or ``sync``.

    Args:
        directory: The search directory; its store may be made a little later.
        uri: Tracking URI; None = :func:`lstm_automl.tracking.client.resolve`.
        name: Experiment; default the directory's name.
        on_message: Told once when MLflow cannot be reached, and once when it can again. Called from the thread.
        poll: Seconds between two looks at the store.
    """

    def __init__(
        self,
        directory: Path,
        uri: str | None = None,
        name: str = "",
        *,
        on_message: Callable[[str], None] | None = None,
        poll: float = 1.0,
    ) -> None:
        self._directory, self._uri, self._name = directory, resolve(uri), name or directory.name
        self._say, self._poll = on_message or (lambda text: None), poll
        self._wake, self._closing, self._abandoned = threading.Event(), threading.Event(), threading.Event()
        self._begun = threading.Event()
        self._told, self._failures, self._complete = False, 0, False
        # a daemon: a server that hangs must not hold the end of the process
        self._thread = threading.Thread(target=self._run, name="mlflow tracker", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._note("")
        self._thread.start()

    def begun(self) -> bool:
        """Whether MLflow has been reached once, or was found away."""
        return self._begun.is_set()

    def finish(self, result: Mapping[str, Any]) -> None:
        """The search is done: ``result`` as printed by ``--json`` goes to the parent run, with the report."""
        self._note(outcome("FINISHED", result))

    def close(self, timeout: float = 20.0) -> bool:
        """Send the rest and end the runs: as ``FINISHED`` after :meth:`finish`, else as ``KILLED`` until a resume.

        Args:
            timeout: Seconds to wait at most, from 0; less where the search was stopped, and where MLflow is away.

        Returns:
            True if MLflow has everything; False if the rest is left to the next resume or ``sync``.
        """
        if not self._told:
            self._note(outcome("KILLED"))
            timeout = min(timeout, _STOPPED)
        self._closing.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(max(0.0, min(timeout, _AWAY) if self._failures else timeout))
        self._abandoned.set()
        if not self._complete:
            self._say(
                f"MLflow has not got everything: 'lstm-automl sync {as_typed(self._directory.name)}' sends the rest"
            )
        return self._complete

    def _note(self, how: str) -> None:
        """Keep how it ended where ``sync`` finds it, whatever the thread is waiting for."""
        self._told = bool(how)
        try:
            note_outcome(self._directory, self._uri, how)
        except (OSError, sqlite3.Error) as error:
            self._say(f"MLflow is not kept up to date: {error}")

    def _run(self) -> None:
        try:
            with impatient(), Cursor(self._directory, self._uri) as cursor:
                self._loop(cursor)
        except Exception as error:  # a tracker never ends a search
            self._say(f"MLflow is not kept up to date: {error}")

    def _loop(self, cursor: Cursor) -> None:
        mirror: Mirror | None = None
        while not self._complete and not self._abandoned.is_set():
            last = self._closing.is_set()
            try:
                if mirror is None and (last or (self._directory / "search.db").exists()):
                    mirror = Mirror(self._directory, self._uri, self._name, cursor)
                if mirror is not None:
                    mirror.step()
                self._answered()
                self._complete = last
            except Exception as error:
                if mirror is not None:
                    mirror.close()
                mirror = None
                self._failed(error)
            self._begun.set()
            if not self._complete:
                self._wait()
        if mirror is not None:
            mirror.close()

    def _answered(self) -> None:
        if self._failures:
            self._say("MLflow answers again and is up to date")
        self._failures = 0

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            self._say(f"MLflow cannot be kept up to date, the search goes on without it: {_first_line(error)}")

    def _wait(self) -> None:
        pause = self._poll if not self._failures else min(_LONGEST_PAUSE, self._poll * 2**self._failures)
        if self._closing.is_set():
            self._abandoned.wait(min(pause, self._poll))
        else:
            self._wake.wait(pause)


def sync(directory: Path, uri: str | None = None, name: str = "") -> str:
    """Send what MLflow has missed of a search, once, and end runs that a kill has left open.

    Args:
        directory: The search directory.
        uri: Tracking URI; None = :func:`lstm_automl.tracking.client.resolve`.
        name: Experiment; default the directory's name.

    Returns:
        The id of the parent run.

    Raises:
        LockedError: the search is running, its own process sends.
        LstmAutomlError: MLflow cannot be reached.
    """
    where = resolve(uri)
    with SearchLock(directory), impatient(), Cursor(directory, where) as cursor:
        if not cursor.get("outcome"):
            # whoever searched is gone without a word
            cursor.put(outcome=outcome("KILLED"))
        try:
            mirror = Mirror(directory, where, name or directory.name, cursor)
            with closing(mirror):
                mirror.step()
        except LstmAutomlError:
            raise
        except Exception as error:
            raise LstmAutomlError(f"MLflow at {where} cannot be brought up to date: {_first_line(error)}") from error
        return cursor.get("parent")


def outcome(status: Literal["FINISHED", "KILLED"], result: Mapping[str, Any] | None = None) -> str:
    """How a search ended, as JSON for the cursor: status, metrics and tags of the parent run, time."""
    told = result or {}
    metrics = {f"test_{key}": value for key, value in told.get("test", {}).items()}
    for name, scores in told.get("baselines", {}).items():
        metrics.update({f"baseline_{name}_{key}": value for key, value in scores.items()})
    tags = {"lstm_automl.model_uri": str(told["model_uri"])} if told.get("model_uri") else {}
    if told.get("best"):
        tags["lstm_automl.best_trial"] = str(told["best"]["number"])
        # always there: a search that went on may have another one from before
        tags["lstm_automl.cut_off"] = str(CutOff(**told["cut_off"])) if told.get("cut_off") else "no"
    numbers = {k: float(v) for k, v in metrics.items() if isinstance(v, int | float) and math.isfinite(v)}
    return json.dumps({"status": status, "metrics": numbers, "tags": tags, "time_ms": round(time.time() * 1000)})


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:300]
