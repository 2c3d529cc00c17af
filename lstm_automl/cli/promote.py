"""``lstm-automl promote NAME VERSION``."""

from __future__ import annotations

import click

from lstm_automl.cli import options


@click.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(1))
@options.tracking_uri
def promote(name: str, version: int, tracking_uri: str | None) -> None:
    """Make VERSION of the registered model NAME its champion."""
    from lstm_automl.tracking import registry

    click.echo(registry.promote(name, version, tracking_uri))
