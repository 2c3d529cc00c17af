"""``lstm-automl ui``: the MLflow UI with links that open on a search's charts."""

from __future__ import annotations

import click

from lstm_automl.cli import options


@click.command()
@click.argument("names", nargs=-1)
@options.home
@options.tracking_uri
@click.option("--port", type=click.IntRange(1, 65535), help="Port on 127.0.0.1.  [default: a free one from 5000]")
def ui(names: tuple[str, ...], home: str, tracking_uri: str | None, port: int | None) -> None:
    """Start the MLflow UI and print links to the charts of NAMES (default: every search found)."""
    from lstm_automl.cli import signals
    from lstm_automl.cli.places import search_folder, searches

    folders = [search_folder(n, home) for n in names] or searches(home)
    from lstm_automl.tracking.ui import serve

    with signals.end_on_sigterm():  # the server is another process, and ends with this one
        serve([f.name for f in folders], tracking_uri, port=port, say=click.echo)
