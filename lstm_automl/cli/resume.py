"""``lstm-automl resume NAME``: continue a search with the settings it was called with."""

from __future__ import annotations

import json
from typing import Any

import click

from lstm_automl.cli import options


@click.command()
@click.argument("name")
@options.home
@click.option("--max-trials", type=click.IntRange(1), help="A larger number of trials.")
@click.option("--time-budget", type=options.Duration(), metavar="T", help="A new time budget for this call.")
@click.option("--workers", type=click.IntRange(1), help="Processes.")
@click.option("--executor", metavar="NAME", help="Where trials run from now on.")
@click.option("--address", metavar="URL", help="Of the cluster, where it is another one now.")
@click.option("--storage", metavar="URL", help="Directory through which files reach the cluster's workers.")
@options.tracking_uri
@options.as_json
def resume(name: str, home: str, as_json: bool, **larger: Any) -> None:
    """Continue the search NAME where it was stopped, with larger limits if wanted."""
    from lstm_automl.cli.places import search_folder
    from lstm_automl.errors import UsageError
    from lstm_automl.search.lock import SearchLock

    directory = search_folder(name, home)
    with SearchLock(directory):
        pass
    from lstm_automl.cli.running import run_and_report
    from lstm_automl.estimators import storing
    from lstm_automl.estimators.request import Search

    _, before = storing.request(directory)
    changed = {k: v for k, v in larger.items() if v is not None}
    if changed.get("executor", before.executor) != before.executor:
        changed = {"address": None, "storage": None, **changed}
    if changed.get("max_trials", before.max_trials) < before.max_trials:
        raise UsageError(f"--max-trials {changed['max_trials']} is less than the search's {before.max_trials}")
    settings = Search(**{**before.model_dump(), **changed})
    storing.remember(directory, settings)
    result = run_and_report(directory, settings, quiet=as_json)
    if as_json:
        click.echo(json.dumps(result.to_json()))
