"""Run a search for the command line: progress, signals, the closing summary."""

from __future__ import annotations

from pathlib import Path

import click

from lstm_automl.cli import progress, signals
from lstm_automl.cli.summary import summary
from lstm_automl.errors import LstmAutomlError, as_typed
from lstm_automl.estimators import flow, storing
from lstm_automl.estimators.request import Search
from lstm_automl.estimators.result import SearchResult
from lstm_automl.search.contracts import Table
from lstm_automl.search.driver import Driver, Stopped
from lstm_automl.search.view import StoreView


def run_and_report(directory: Path, settings: Search, started: float, *, quiet: bool = False) -> SearchResult:
    """Run or continue the search in ``directory``, stop in order on a signal, print what was found.

    Args:
        directory: Of the search, which has been made.
        settings: Of this call.
        started: When the command was called, on the monotonic clock: a time budget counts from there.
        quiet: Write to standard error.
    """
    meta, _ = storing.request(directory)
    said = f"stopped; '{_again(directory)}' continues where it was"
    show = progress.kind_for(err=quiet)(
        directory.name, meta["metric"], meta["direction"], _before(directory),
        budget=settings.time_budget, started=started, err=quiet,
    )  # fmt: skip
    with show as observer, signals.stop_on_signal(stop := _Stop(), said):
        stop.observer = observer
        try:
            result = flow.run(directory, settings, observer=observer, started=started, on_driver=stop.drivers.append)
        except (Stopped, KeyboardInterrupt):
            code = signals.exit_code() or 130
        else:
            code = 0
    if code:
        click.echo(said, err=True)
        raise click.exceptions.Exit(code)
    for line in summary(result):
        click.echo(line, err=quiet)
    if result.cut_off is not None:
        click.echo(f"'{_again(directory)} --time-budget T' trains on where it was", err=quiet)
    click.echo(f"report: {directory / 'report'}", err=quiet)
    if settings.track:
        click.echo(f"charts: lstm-automl ui {as_typed(directory.name)}", err=quiet)
    return result


class _Stop:
    """Ends the search in order while jobs run, and at once before and after: what is on disk is whole at any moment."""

    def __init__(self) -> None:
        self.drivers: list[Driver] = []
        self.observer: progress.PlainProgress | None = None

    def __call__(self) -> None:
        if not self.drivers or (self.observer is not None and self.observer.phase == "finish"):
            raise KeyboardInterrupt
        self.drivers[-1].stop()


def _before(directory: Path) -> Table:
    """The trials of earlier calls; what is damaged there, the driver will say."""
    try:
        with StoreView(directory) as view:
            return view.table()
    except LstmAutomlError:
        return ()


def _again(directory: Path) -> str:
    home = "" if str(directory.parent) == "searches" else f" --home {as_typed(str(directory.parent))}"
    return f"lstm-automl resume {as_typed(directory.name)}{home}"
