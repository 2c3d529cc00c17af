"""Who wants to know what happens in a search."""

from __future__ import annotations

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, TrialRow


class Observer:
    """Told of everything a driver does, on the driver's thread; this base does nothing.

    A method that takes long holds the search up.
    """

    def on_phase(self, name: str, total: int) -> None:
        """A phase begins: ``search`` (at most ``total`` trials), ``select``, ``refit`` (jobs), then ``finish`` (1)."""

    def on_job_start(self, spec: RungSpec) -> None:
        """A rung was handed to a worker."""

    def on_epoch(self, spec: RungSpec, epoch: Epoch) -> None:
        """An epoch ended; its row is stored."""

    def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
        """A rung ended; its row is stored."""

    def on_trial(self, row: TrialRow) -> None:
        """All folds of a trial are in."""

    def on_message(self, text: str) -> None:
        """Something a user should read: a worker died, a damaged row was repaired."""
