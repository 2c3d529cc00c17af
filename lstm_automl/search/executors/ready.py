"""A warm parent before it is needed: what a search imports, imported while something else goes on."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from lstm_automl.errors import StorageError
from lstm_automl.search.executors import devices
from lstm_automl.search.executors.devices import Mode
from lstm_automl.search.executors.forked import Forked
from lstm_automl.search.executors.launch import Launcher
from lstm_automl.search.executors.spawned import Spawned
from lstm_automl.search.executors.starting import refused

RUNNER = "lstm_automl.search.rung:run_rung"

LOOK = 0.2
"""Seconds after which a wait looks whether somebody else has taken the parent."""

_lock = threading.Lock()
_kept: Forked | None = None
_lent = False


def warm_up(*, wait: bool = False) -> None:
    """Begin now to import what searches in this process need, so that they start at once.

    A process of its own imports for some seconds, serves every later ``search(...)`` and ``fit`` of this process, and
    ends with it. Called again it does nothing; nor does it where each worker is a fresh process (with a GPU, or not on
    Linux). Nothing is written.

    Args:
        wait: Return when it has imported all, not at once.

    Raises:
        StorageError: the machine lets no process be started.

    >>> import lstm_automl
    >>> lstm_automl.warm_up()  # doctest: +SKIP
    """
    global _kept
    if devices.default_mode(devices.usable(devices.gpus())) != "fork":
        return
    with _lock:
        _drop_the_dead()
        if _kept is None:
            _kept = _begin(RUNNER)
        parent = _kept
    while wait and _imports(parent):
        with contextlib.suppress(OSError, ValueError):  # closed a moment ago
            parent.speaks(LOOK)


def _imports(parent: Forked) -> bool:
    """Take in what a parent has said; whether it still imports, and nobody else listens to it."""
    with _lock:
        if parent is not _kept or _lent or parent.ready:
            return False
        if parent.speaks(0.0) and not parent.read():
            return False  # it has ended; a search begins another one
        return not parent.ready


def _begin(runner: str) -> Forked:
    try:
        return Forked(runner)
    except OSError as error:
        raise StorageError(f"no process can be started: {refused(error.strerror or str(error))}") from error


def _drop_the_dead() -> None:
    """Killed, or out of memory: nobody was there to notice."""
    global _kept
    if _kept is not None and not _lent and not _kept.alive:
        parent, _kept = _kept, None
        parent.close()


@contextlib.contextmanager
def at_hand(wanted: bool = True) -> Iterator[None]:
    """A warm parent for as long as this lasts, whatever happens in it; one that was there before stays."""
    before = _kept
    if wanted:
        warm_up()
    try:
        yield
    finally:
        if before is None:
            _end()


def launcher(mode: Mode, runner: str, directory: Path | None) -> Launcher:
    """What starts a crew's workers: the parent made by :func:`warm_up` when it is free, else a new one."""
    global _lent
    if mode == "spawn":
        return Spawned(runner, directory, devices.usable(devices.gpus()))
    with _lock:
        _drop_the_dead()
        if _kept is not None and not _lent and _kept.runner == runner:
            _lent, parent = True, _kept
        else:
            parent = _begin(runner)
    try:
        parent.settle(directory)
    except OSError:
        done(parent)
        raise
    return parent


def done(parent: Launcher, *, waiting: Iterable[int] = (), broken: bool = False) -> None:
    """A crew has no more use for it: the kept one stays for the next search, others end.

    Args:
        parent: What :func:`launcher` gave.
        waiting: Workers that have been told to end.
        broken: It has died, or its workers do not end.
    """
    global _kept, _lent
    kept = _kept
    if kept is None or parent is not kept:
        parent.close()
        return
    # One that still imports will find nobody who waits for the workers it was asked for.
    broken = broken or not kept.wait_for(waiting if kept.ready else ())
    if not broken:
        kept.settle(None)
    with _lock:
        _lent = False
        if broken:
            _kept = None
    if broken:
        kept.close()


def _end() -> None:
    global _kept, _lent
    with _lock:
        parent, _kept, _lent = _kept, None, False
    if parent is not None:
        parent.close(patience=0.0)


def _forget() -> None:
    """In a forked copy of this process the parent is somebody else's."""
    global _kept, _lent, _lock
    parent, _kept, _lent, _lock = _kept, None, False, threading.Lock()
    if parent is not None:
        parent.forget()


atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
