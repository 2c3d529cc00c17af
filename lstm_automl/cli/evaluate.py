"""``lstm-automl evaluate MODEL --data F``."""

from __future__ import annotations

import click

from lstm_automl.cli import options


@click.command()
@click.argument("model")
@click.option("--data", required=True, metavar="F", help="Labelled file of the kind the model was trained on.")
@options.home
@options.tracking_uri
@options.as_json
def evaluate(model: str, data: str, home: str, tracking_uri: str | None, as_json: bool) -> None:
    """Score MODEL on labelled data, every metric of its task."""
    from lstm_automl.estimators import inference
    from lstm_automl.models.bundle import load
    from lstm_automl.tracking.lookup import resolve

    scores = inference.evaluate(load(resolve(model, home, tracking_uri)), data)
    if as_json:
        click.echo(options.as_line(scores))
        return
    for name, value in scores.items():
        click.echo(f"{name} {value:.6g}")
