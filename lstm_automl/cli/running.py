"""Run a search for the command line: progress, signals, the closing summary."""

from __future__ import annotations

from pathlib import Path

import click

from lstm_automl.cli import progress, signals
from lstm_automl.estimators import flow
from lstm_automl.estimators.finishing import summary
from lstm_automl.estimators.request import Search
from lstm_automl.estimators.result import SearchResult
from lstm_automl.search.driver import Driver, Stopped


def run_and_report(directory: Path, settings: Search, *, quiet: bool = False) -> SearchResult:
    """Run or continue the search in ``directory``, stop in order on a signal, print what was found."""
    drivers: list[Driver] = []

    def stop() -> None:
        for driver in drivers:
            driver.stop()
        if not drivers:
            raise KeyboardInterrupt

    with progress.shown(directory.name, err=quiet) as observer, signals.stop_on_signal(stop):
        try:
            result = flow.run(directory, settings, observer=observer, on_driver=drivers.append)
        except Stopped:
            done = f"stopped; '{_again(directory)}' continues where it was"
            click.echo(done, err=True)
            raise click.exceptions.Exit(signals.exit_code() or 130) from None
    for line in summary(result):
        click.echo(line, err=quiet)
    click.echo(f"report: {directory / 'report'}", err=quiet)
    if settings.track:
        click.echo(f"charts: lstm-automl ui {directory.name}", err=quiet)
    return result


def _again(directory: Path) -> str:
    home = "" if str(directory.parent) == "searches" else f" --home {directory.parent}"
    return f"lstm-automl resume {directory.name}{home}"
