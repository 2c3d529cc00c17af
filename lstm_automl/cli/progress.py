"""Progress of a search: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any, Self

import click

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, Table, TrialRow
from lstm_automl.search.observer import Observer
from lstm_automl.tasks.task import Direction

UNITS = {"search": "trial", "select": "run", "refit": "run"}


class PlainProgress(Observer):
    """A line for each finished trial, phase and message.

    Args:
        name: Of the search.
        metric: The objective.
        direction: ``max`` or ``min``: which score is better.
        before: Trials of earlier calls.
        budget: Seconds for the whole call, None = no limit.
        started: When it began, on the clock; None = now.
        err: Write to standard error.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        name: str,
        metric: str,
        direction: Direction,
        before: Table = (),
        *,
        budget: float | None = None,
        started: float | None = None,
        err: bool = False,
        clock: Any = time.monotonic,
    ) -> None:
        self.name, self.metric, self.direction, self.err = name, metric, direction, err
        self._clock, self._phase_started = clock, clock()
        self._started = self._phase_started if started is None else started
        self._budget = budget
        self.phase, self.total, self.earlier, self.done = "", 0, 0, 0
        self.running: dict[int, float] = {}  # job -> share of its epochs
        self._before = [t for t in before if t.status not in ("running", "stopped")]
        self._counted = {t.number for t in self._before}
        self.best: TrialRow | None = None
        for row in self._before:
            self._compare(row)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left on the screen that has to be put in order."""

    def on_phase(self, name: str, total: int) -> None:
        """A new phase with that many units."""
        self.phase, self.total, self.done, self._phase_started = name, total, 0, self._clock()
        self.earlier = min(len(self._before), total) if name == "search" else 0
        self.running.clear()
        unit = UNITS.get(name)
        counted = "" if unit is None else f": {total} {unit}{'s' if total != 1 else ''}"
        self.phase_line(f"{name}{counted}{f', {self.earlier} done before' if self.earlier else ''}")

    def on_job_start(self, spec: RungSpec) -> None:
        """A rung was given to a worker."""
        self.running[spec.job] = 0.0

    def on_epoch(self, spec: RungSpec, epoch: Epoch) -> None:
        """A rung came one epoch further."""
        if spec.job in self.running:
            self.running[spec.job] = (epoch.epoch + 1) / max(1, spec.to_epoch)

    def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
        """A rung ended."""
        self.running.pop(spec.job, None)
        if self.phase != "search":
            self.done += 1

    def on_trial(self, row: TrialRow) -> None:
        """A trial is complete, perhaps only for now: a scheduler may send it on."""
        if row.number not in self._counted:
            self._counted.add(row.number)
            self.done += 1
        self._compare(row)
        score = row.status if row.score is None else f"{self.metric} {row.score:.4g}{_after(row)}"
        self.trial_line(f"trial {row.number}: {score}, {self.state()}")

    def phase_line(self, text: str) -> None:
        """Say that a phase begins."""
        self.say(text)

    def trial_line(self, text: str) -> None:
        """Say that a trial is complete."""
        self.say(text)

    def on_message(self, text: str) -> None:
        """Something worth knowing."""
        self.say(text)

    def state(self) -> str:
        """Done, running, best so far, time left of the phase."""
        parts = [f"{self.earlier + self.done}/{self.total} done, {clock(self._clock() - self._started)}"]
        left = self.left()
        if left is not None:
            parts.append(f"about {clock(left)} left to {self.phase}")
        if self.best is not None and self.best.score is not None:
            parts.append(f"best {self.best.score:.4g} (trial {self.best.number})")
        return ", ".join(parts)

    def best_so_far(self) -> list[str]:
        """``best accuracy 0.98 (trial 3)``, once there is one."""
        if self.best is None or self.best.score is None:
            return []
        return [f"best {self.metric} {self.best.score:.4g} (trial {self.best.number})"]

    def left(self) -> float | None:
        """Seconds to the end of the phase at the pace so far, or of the time budget; None while there is no pace."""
        spent = self._clock() - self._phase_started
        done = self.done + (sum(self.running.values()) if self.phase != "search" else 0)
        missing = self.total - self.earlier - done
        if self.done < 1 or missing <= 0:
            return None
        pace: float = spent / done * missing
        if self._budget is not None:
            pace = max(0.0, min(pace, self._started + self._budget - self._clock()))
        return pace

    def say(self, text: str) -> None:
        """One plain line."""
        click.echo(f"[{self.name}] {text}", err=self.err)

    def _compare(self, row: TrialRow) -> None:
        if row.score is None:
            return
        sign = 1 if self.direction == "max" else -1
        if self.best is None or self.best.score is None or sign * row.score > sign * self.best.score:
            self.best = row


def kind_for(*, err: bool = False) -> type[PlainProgress]:
    """The live display where the output (or standard error) is a terminal, the plain one otherwise."""
    if (sys.stderr if err else sys.stdout).isatty():
        from lstm_automl.cli.live import LiveProgress

        return LiveProgress
    return PlainProgress


def _after(row: TrialRow) -> str:
    epochs = max(map(len, row.epochs), default=0)
    return f" after {epochs} epoch{'s' if epochs != 1 else ''}" if epochs else ""


def clock(seconds: float) -> str:
    """Seconds as a person reads them.

    >>> clock(75)
    '1m15s'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
