"""Progress on a terminal: one bar a phase."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from lstm_automl.cli.progress import PlainProgress, clock
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec

if TYPE_CHECKING:
    from rich.progress import Progress


class LiveProgress(PlainProgress):
    """A bar with trials done, running, best so far and time left; on a narrow terminal without the bar itself."""

    WIDE = 90

    row: Any = None

    @cached_property
    def bar(self) -> Progress:
        """Of the phase; made on the terminal as it is when the display begins."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.table import Column

        console = Console(stderr=self.err)
        note = TextColumn("{task.fields[note]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
        bar = [BarColumn(bar_width=24)] if console.width >= self.WIDE else []
        return Progress(
            TextColumn("[bold]{task.description}"),
            *bar,
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            note,
            console=console,
            expand=True,
        )

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *wrong: object) -> None:
        """The bar is full unless something went wrong."""
        if not any(wrong):
            self.finished()
        self.bar.stop()

    def on_phase(self, name: str, total: int) -> None:
        """A new bar; the last one is full."""
        self.finished()
        super().on_phase(name, total)
        self.row = self.bar.add_task(name, total=total, note="", completed=self.earlier)

    def on_job_start(self, spec: RungSpec) -> None:
        """Show how many run."""
        super().on_job_start(spec)
        self._note()

    def on_epoch(self, spec: RungSpec, epoch: Epoch) -> None:
        """Keep the estimate alive."""
        super().on_epoch(spec, epoch)
        self._note()

    def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
        """Advance in phases counted in runs."""
        super().on_job_end(spec, result)
        self._note()

    def phase_line(self, text: str) -> None:
        """A phase is a bar of its own."""

    def trial_line(self, text: str) -> None:
        """The bar says it."""
        self._note()

    def say(self, text: str) -> None:
        """A line above the bar."""
        self.bar.console.print(text, markup=False, highlight=False)

    def finished(self) -> None:
        """The phase is over: its bar is full, also where time ended it before its total."""
        if self.row is not None:
            best = self.best_so_far() if self.phase == "search" else []
            done = self.earlier + self.done if self.phase == "search" else self.total
            self.bar.update(self.row, total=done, completed=done, note=", ".join(best))
            self.bar.stop_task(self.row)
        self.row = None

    def _note(self) -> None:
        left = self.left()
        parts = self.best_so_far() if self.phase == "search" else []
        parts += [f"{len(self.running)} running"] if self.running else []
        parts += [] if left is None else [f"about {clock(left)} left to {self.phase}"]
        if self.row is not None:
            self.bar.update(self.row, completed=self.earlier + self.done, note=", ".join(parts))
