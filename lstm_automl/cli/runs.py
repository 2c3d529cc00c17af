"""``lstm-automl runs``: what searches there are and what they found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_automl.cli import options
from lstm_automl.cli.places import search_folder, searches

if TYPE_CHECKING:
    from lstm_automl.search.contracts import Table


@click.group()
def runs() -> None:
    """List, show and clean searches."""


@runs.command("list")
@options.home
@options.as_json_array
def list_(home: str, as_json: bool) -> None:
    """One line a search: trials, the model's trial and the score it was chosen by; before, the best so far."""
    rows = [_row(folder) for folder in searches(home)]
    if as_json:
        click.echo(options.as_line(rows))
        return
    if not rows:
        click.echo(f"no search in {home}")
    for r in rows:
        standing = _standing(r["finished"], Path(home, r["name"]))
        best = (
            "no valid trial yet"
            if r["score"] is None
            else f"best {r['metric']} {r['score']:.4g} (trial {r['best']}{standing})"
        )
        click.echo(f"{r['name']}: {r['task']}, {r['trials']} trials, {best}{', model' if r['model'] else ''}")


@runs.command()
@click.argument("name")
@options.home
@options.as_json_array
def show(name: str, home: str, as_json: bool) -> None:
    """The leaderboard of a search, with its floors, and every failure's reason."""
    from lstm_automl.reports.leaderboard import leaderboard, markdown
    from lstm_automl.search.cut_off import cut_off

    folder = search_folder(name, home)
    table, meta, errors = _opened(folder)
    path = folder / "baselines.json"
    floors: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    rows = leaderboard(table, floors, meta["metric"], meta["direction"])
    if as_json:
        click.echo(options.as_line(rows))
        return
    click.echo(markdown(rows))
    if (cut := cut_off(table, meta["direction"])) is not None:
        click.echo(cut.so_far() if _under_way(folder) else str(cut))
    for line in errors:
        click.echo(line)


@runs.command()
@click.argument("name")
@options.home
@options.as_json
def best(name: str, home: str, as_json: bool) -> None:
    """The values of the model's trial (before there is one: of the best so far), as --set options that repeat it."""
    from lstm_automl.cli.chosen import chosen
    from lstm_automl.estimators.storing import require_valid

    folder = search_folder(name, home)
    table, meta, _ = _opened(folder)
    require_valid(table, meta["direction"], folder)
    top = chosen(folder, table, meta["direction"])
    assert top is not None
    if as_json:
        click.echo(options.as_line(top._asdict()))
        return
    click.echo(f"trial {top.number}: {top.said(meta['metric'])}{'' if top.model else '; no model yet'}")
    click.echo(" ".join(f"--set {k}={json.dumps(v).strip(chr(34))}" for k, v in top.values.items()))


@runs.command()
@click.argument("name")
@options.home
@click.option("--yes", is_flag=True, help="Do not ask.")
def clean(name: str, home: str, yes: bool) -> None:
    """Remove a finished search's checkpoints; table, model and report stay."""
    import shutil

    from lstm_automl.errors import UsageError
    from lstm_automl.search.lock import SearchLock

    folder = search_folder(name, home)
    if not (folder / "bundle").is_dir():
        raise UsageError(f"the search {name!r} is not finished and needs its checkpoints: resume it first")
    with SearchLock(folder):
        files = list((folder / "jobs").rglob("checkpoint*.npz"))
        size = sum(p.stat().st_size for p in files)
        if not yes and not _agreed(f"remove {len(files)} checkpoints, {size / 1e6:.1f} MB, of {name}?"):
            click.echo("nothing removed")
            return
        for path in files:
            path.unlink()
        shutil.rmtree(folder / "data.tmp", ignore_errors=True)
    click.echo(f"removed {len(files)} checkpoints, {size / 1e6:.1f} MB")


def _agreed(question: str) -> bool:
    try:
        return click.confirm(question)
    except click.Abort as stopped:
        if isinstance(stopped.__context__, EOFError):
            click.echo()
            raise click.UsageError("nobody answers; give --yes") from None
        raise


def _opened(folder: Path) -> tuple[Table, dict[str, Any], list[str]]:
    from lstm_automl.search.cut_off import settled_table
    from lstm_automl.search.view import StoreView

    with StoreView(folder) as view:
        errors = [
            f"trial {j.spec.trial}, job {j.spec.job}: {j.result.status}: {j.result.error}"
            for j in view.jobs()
            if j.result and j.result.error
        ]
        meta = dict(view.meta())
        return settled_table(view), meta, errors


def _under_way(folder: Path) -> bool:
    """Whether a driver still looks for the first model of a search."""
    from lstm_automl.search.lock import is_held

    return not (folder / "bundle").is_dir() and is_held(folder)


def _standing(finished: bool, folder: Path) -> str:
    """What the best trial of a search is called where it has not finished its first rung."""
    if finished:
        return ""
    return ", so far" if _under_way(folder) else ", cut off"


def _row(folder: Path) -> dict[str, Any]:
    from lstm_automl.cli.chosen import chosen
    from lstm_automl.search.rows import rank

    try:
        table, meta, _ = _opened(folder)
    except Exception as wrong:
        return {"name": folder.name, "task": f"unreadable ({wrong})", "trials": 0, "score": None, "best": None,
                "finished": False, "metric": "", "model": False}  # fmt: skip
    ranked = rank(table, meta["direction"])
    top = chosen(folder, table, meta["direction"])
    return {
        "name": folder.name,
        "task": meta["task"],
        "trials": len(table),
        "metric": meta["metric"],
        "best": top.number if top else None,
        "score": top.score if top else None,
        "finished": bool(ranked) and ranked[0].status == "completed",
        "model": (folder / "bundle").is_dir(),
    }
