"""``lstm-automl predict MODEL --data F``."""

from __future__ import annotations

from pathlib import Path

import click

from lstm_automl.cli import options


@click.command()
@click.argument("model")
@click.option("--data", required=True, metavar="F", help="File of the kind the model was trained on; no target needed.")
@click.option(
    "-o",
    "--output",
    metavar="F",
    help="CSV, JSON (lines) or Parquet file.  [default: CSV on standard output]",
)
@options.home
@options.tracking_uri
def predict(model: str, data: str, output: str | None, home: str, tracking_uri: str | None) -> None:
    """Predict with MODEL: models:/NAME@champion, models:/NAME/3, a bundle folder, or the NAME of a search.

    One row a sequence. A forecast is one row a series and step: id, step, time where it is known (in UTC where the
    data gives offsets), a column a target.
    """
    from lstm_automl.errors import UsageError

    suffix = Path(output).suffix if output else ".csv"
    if suffix not in (".csv", ".json", ".jsonl", ".parquet"):
        raise UsageError(f"--output {output}: use .csv, .json, .jsonl or .parquet")
    if output and not Path(output).parent.is_dir():
        raise UsageError(f"--output {output}: there is no folder {Path(output).parent}")
    from lstm_automl.estimators import inference
    from lstm_automl.models.bundle import load
    from lstm_automl.tracking.lookup import resolve

    predictor = load(resolve(model, home, tracking_uri))
    table = inference.predict(predictor, data)
    if suffix == ".parquet":
        table.to_parquet(output)
    elif suffix in (".json", ".jsonl"):
        table.to_json(output, orient="records", lines=True, double_precision=15, date_format="iso")
    else:
        text = table.to_csv(output, index=False)
        if text is not None:
            click.echo(text, nl=False)
