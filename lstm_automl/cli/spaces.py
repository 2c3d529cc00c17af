"""``lstm-automl spaces``: look at search spaces and check one's own."""

from __future__ import annotations

import json

import click

from lstm_automl import plugins


@click.group()
def spaces() -> None:
    """List, show and check search spaces."""


@spaces.command("list")
def list_() -> None:
    """The shipped spaces."""
    from lstm_automl.spaces import catalog

    for name in catalog.names():
        click.echo(name)


@spaces.command()
@click.argument("space")
def show(space: str) -> None:
    """The parameters of SPACE (a name or a file), with ranges, defaults and conditions."""
    from lstm_automl.spaces.describe import describe
    from lstm_automl.spaces.loader import load

    click.echo(describe(load(space)))


@spaces.command()
@click.argument("files", nargs=-1, required=True, metavar="SPACE...")
@click.option("--task", help="Check for this task.")
def check(files: tuple[str, ...], task: str | None) -> None:
    """Check spaces (names or files); all mistakes at once."""
    from lstm_automl.errors import SpaceError
    from lstm_automl.spaces.loader import load

    if task is not None:
        plugins.find("task", task)
    wrong = False
    for name in files:
        try:
            space = load(name, task=task)
        except SpaceError as mistakes:
            wrong = True
            click.echo(str(mistakes), err=True)
        else:
            searched = sum(p.searched for p in space.parameters.values())
            click.echo(f"{name}: ok, {searched} searched of {len(space.parameters)} parameters")
    if wrong:
        raise click.exceptions.Exit(2)


@spaces.command()
def schema() -> None:
    """JSON Schema of a space file, for an editor."""
    from lstm_automl.spaces.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
