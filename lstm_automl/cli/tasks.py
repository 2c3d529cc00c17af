"""``lstm-automl tasks``: what can be searched, and what its data must look like."""

from __future__ import annotations

import click

from lstm_automl import plugins


@click.group()
def tasks() -> None:
    """List tasks and show what their data must look like."""


@tasks.command("list")
def list_() -> None:
    """One line a task."""
    width = max(map(len, plugins.names("task")))
    for name in plugins.names("task"):
        click.echo(f"{name:{width}}  {plugins.find('task', name).help}")


@tasks.command()
@click.argument("task")
def show(task: str) -> None:
    """What TASK is, its data by example, its metrics and options."""
    found = plugins.find("task", task)
    kind = found.load()()
    click.echo(f"{task}: {found.help}\n")
    click.echo(kind.example().rstrip())
    click.echo("\nMetrics (the first is the default objective):")
    for metric in kind.metrics:
        click.echo(f"  {metric.name} ({metric.direction})")
    click.echo("\nOptions:")
    for name, field in kind.options.model_fields.items():
        click.echo(f"  --{name.replace('_', '-'):16} {field.description or ''}")
