"""Progress of a search: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, TrialRow
from lstm_automl.search.observer import Observer


class PlainProgress(Observer):
    """One line a finished trial, phase and message.

    Args:
        name: Of the search.
        err: Write to standard error.
    """

    def __init__(self, name: str, *, err: bool = False) -> None:
        self.name, self.err = name, err
        self.started = time.monotonic()
        self.phase, self.total, self.done, self.best = "", 0, 0, None
        self.running: dict[int, RungSpec] = {}
        self.best: TrialRow | None = None
        self.direction = "max"

    def on_phase(self, name: str, total: int) -> None:
        """A new phase with that many units."""
        self.phase, self.total, self.done = name, total, 0
        self.say(f"{name}: {total} {'trials' if name == 'search' else 'runs' if total > 1 else 'step'}")

    def on_job_start(self, spec: RungSpec) -> None:
        """A rung was given to a worker."""
        self.running[spec.job] = spec

    def on_epoch(self, spec: RungSpec, epoch: Epoch) -> None:
        """Nothing to print; the live display shows it."""

    def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
        """A rung ended."""
        self.running.pop(spec.job, None)
        if self.phase != "search":
            self.done += 1

    def on_trial(self, row: TrialRow) -> None:
        """A trial is complete."""
        self.done = max(self.done, row.number + 1) if self.phase == "search" else self.done
        if row.score is not None and (self.best is None or self._better(row)):
            self.best = row
        score = f"{row.score:.4g}" if row.score is not None else row.status
        best = (
            f", best {self.best.score:.4g} (trial {self.best.number})"
            if self.best and self.best.score is not None
            else ""
        )
        self.say(f"trial {row.number}: {score}{best}, {self.elapsed()}")

    def on_message(self, text: str) -> None:
        """Something worth knowing."""
        self.say(text)

    def elapsed(self) -> str:
        """Wall time since the start."""
        return clock(time.monotonic() - self.started)

    def say(self, text: str) -> None:
        """One plain line."""
        click.echo(f"[{self.name}] {text}", err=self.err)

    def _better(self, row: TrialRow) -> bool:
        assert self.best is not None
        if row.score is None or self.best.score is None:
            return row.score is not None
        return row.score > self.best.score if self.direction == "max" else row.score < self.best.score


class LiveProgress(PlainProgress):
    """A bar with trials done, running, best so far and time left."""

    def __init__(self, name: str, *, err: bool = False) -> None:
        super().__init__(name, err=err)
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self.bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=err),
        )
        self.row: Any = None

    def on_phase(self, name: str, total: int) -> None:
        """A new bar."""
        self.phase, self.total, self.done = name, total, 0
        self.row = self.bar.add_task(name, total=total, note="")

    def on_job_start(self, spec: RungSpec) -> None:
        """Show how many run."""
        super().on_job_start(spec)
        self._note()

    def on_epoch(self, spec: RungSpec, epoch: Epoch) -> None:
        """Keep the bar alive."""
        self._note()

    def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
        """Advance in phases counted in runs."""
        super().on_job_end(spec, result)
        self._note()

    def say(self, text: str) -> None:
        """A line above the bar, for messages only."""
        if not text.startswith("trial "):
            self.bar.console.print(text, markup=False, highlight=False)
        self._note()

    def _note(self) -> None:
        if self.row is None:
            return
        parts = [f"{len(self.running)} running"] if self.running else []
        if self.best is not None and self.best.score is not None:
            parts.append(f"best {self.best.score:.4g} (trial {self.best.number})")
        self.bar.update(self.row, completed=self.done, note=", ".join(parts))


@contextmanager
def shown(name: str, *, err: bool = False) -> Iterator[PlainProgress]:
    """Live on a terminal, plain otherwise."""
    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
        live = LiveProgress(name, err=err)
        with live.bar:
            yield live
    else:
        yield PlainProgress(name, err=err)


def clock(seconds: float) -> str:
    """Seconds as a person reads them.

    >>> clock(75)
    '1m15s'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
