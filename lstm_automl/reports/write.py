"""The report of a search: a folder that can be read, mailed and logged."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from lstm_automl.reports import curves, plots, svg
from lstm_automl.reports.leaderboard import (
    Baselines,
    Row,
    as_csv,
    constants,
    leaderboard,
    markdown,
    number,
    values_text,
)
from lstm_automl.search.contracts import Table
from lstm_automl.search.cut_off import CutOff, cut_off, settled_table
from lstm_automl.search.view import StoreView
from lstm_automl.spaces.dump import dumps
from lstm_automl.spaces.space import Space

FOLDER = "report"


def write_all(
    directory: Path, baselines: Baselines, test: Mapping[str, float] | None = None, *, best: int | None = None
) -> Path:
    """Write ``report/`` into a search directory: leaderboard, charts, table and space.

    Args:
        directory: The search.
        baselines: name -> part -> metric -> score.
        test: Scores of the chosen model on the test part.
        best: Number of the chosen trial; its curve stands out. Default: the best of the leaderboard.

    Returns:
        The folder.

    Raises:
        StateError: the store is damaged.
    """
    with StoreView(directory) as view:
        meta = view.meta()
        table = settled_table(view)
        progress = curves.progress(view, meta["direction"])
    rows = leaderboard(table, baselines, meta["metric"], meta["direction"])
    if best is None:
        best = next((int(r["name"].split()[1]) for r in rows if r["kind"] == "trial" and r["rank"]), None)
    floors = {r["name"]: r["score"] for r in rows if r["kind"] == "floor" and r["score"] is not None}
    lines = curves.learning_lines(table, best)
    title, cut = f"{directory.name}: {meta['task']}", cut_off(table, meta["direction"])
    files = {
        "leaderboard.csv": as_csv(rows),
        "leaderboard.md": _markdown(title, rows, meta, test or {}, cut),
        "trials.json": _trials(table),
        "search_space.yaml": dumps(Space.from_json(meta["space"])),
        "learning_curves.svg": svg.chart("Learning curves", lines, x_label="epoch", y_label=meta["metric"]),
        "score_over_time.svg": _over_time(progress, meta["metric"], floors),
        "report.html": _page(title, rows, table, meta, lines, progress, floors, cut),
    }
    folder = directory / FOLDER
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        _write(folder / name, text)
    return folder


def _over_time(progress: curves.Progress, metric: str, floors: Mapping[str, float]) -> str:
    steps_x = [x for i, x in enumerate(progress.minutes) for x in ([x] if i == 0 else [x, x])]
    steps_y = [y for i, y in enumerate(progress.best) for y in ([y] if i == 0 else [progress.best[i - 1], y])]
    lines = [curves.Line("best so far", steps_x, steps_y, strong=True)] if steps_x else []
    dots = curves.Line("trials", progress.minutes, progress.scores) if steps_x else None
    return svg.chart(
        "Score over time", lines, x_label="minutes", y_label=metric, dots=dots, levels=list(floors.items())
    )


def _markdown(
    title: str, rows: Sequence[Row], meta: Mapping[str, Any], test: Mapping[str, float], cut: CutOff | None
) -> str:
    lines = [f"# {title}", "", f"Objective: {meta['metric']} ({meta['direction']}).", ""]
    if cut is not None:
        lines += [f"Attention: {cut}.", ""]
    if test:
        lines += ["Test part: " + ", ".join(f"{k} {number(v)}" for k, v in test.items()) + ".", ""]
    return "\n".join([*lines, markdown(rows), ""])


def _trials(table: Table) -> str:
    rows = [{**vars(t), "values": dict(t.values), "epochs": [list(fold) for fold in t.epochs]} for t in table]
    return json.dumps(rows, indent=1)


def _page(
    title: str,
    rows: Sequence[Row],
    table: Table,
    meta: Mapping[str, Any],
    lines: Sequence[curves.Line],
    progress: curves.Progress,
    floors: Mapping[str, float],
    cut: CutOff | None,
) -> str:
    logarithmic = [p["name"] for p in meta["space"]["parameters"] if p.get("sampling") == "log"]
    figures = [
        plots.learning_curves(lines, meta["metric"]),
        plots.score_over_time(progress, meta["metric"], floors),
        plots.parallel_coordinates(table, meta["metric"], logarithmic),
    ]
    note = "" if cut is None else f"<p><b>Attention: {escape(str(cut))}.</b></p>"
    return plots.page(title, figures, after=note + _table(rows, meta["metric"]))


def _table(rows: Sequence[Row], metric: str) -> str:
    same = constants(rows)
    lines = []
    for row in rows:
        texts = [
            number(row["rank"]),
            row["name"],
            number(row["score"]),
            row["status"],
            values_text(row["values"], same),
        ]
        lines.append(f'<tr class="{row["kind"]}">' + "".join(f"<td>{escape(t)}</td>" for t in texts) + "</tr>")
    head = "".join(f"<th>{h}</th>" for h in ("rank", "name", escape(metric), "status", "values"))
    note = f"<p>The same in all trials: {escape(values_text(same))}.</p>" if same else ""
    return f"<h2>Leaderboard</h2><table><tr>{head}</tr>{''.join(lines)}</table>{note}"


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
