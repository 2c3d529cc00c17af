"""``lstm-automl sync NAME``: catch up with MLflow after its server was away."""

from __future__ import annotations

import click

from lstm_automl.cli import options


@click.command()
@click.argument("name")
@options.home
@options.tracking_uri
def sync(name: str, home: str, tracking_uri: str | None) -> None:
    """Send to MLflow what has not arrived there yet, and register a model that could not be."""
    from lstm_automl.cli.places import search_folder

    directory = search_folder(name, home)
    from lstm_automl.estimators import storing
    from lstm_automl.tracking import registry, tracker

    _, settings = storing.request(directory)
    uri = tracking_uri or settings.tracking_uri
    tracker.sync(directory, uri, directory.name)
    if settings.register_as != "" and (directory / "bundle").is_dir():
        registered = registry.register(directory / "bundle", directory, uri, settings.register_as or directory.name)
        click.echo(f"model: {registered.model_uri}")
        for note in registered.notes:
            click.echo(note)
    click.echo(f"{name} is up to date")
