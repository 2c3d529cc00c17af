"""Trials and floors in one ranking: a model that does not beat a floor must show it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from lstm_automl.search.contracts import Table, TrialRow
from lstm_automl.search.rows import rank
from lstm_automl.tasks.task import Direction

Baselines = Mapping[str, Mapping[str, Mapping[str, float]]]
Row = dict[str, Any]


def leaderboard(table: Table, baselines: Baselines, metric: str, direction: Direction) -> list[Row]:
    """Trials and baselines, best first; then what has no score.

    Args:
        table: All trials.
        baselines: name -> part -> metric -> score; ranked by ``valid``.
        metric: The objective.
        direction: Of the objective.

    Returns:
        Rows with ``rank`` (None without a score), ``name`` (``trial 3``, or the baseline's), ``kind``
        (``trial`` or ``floor``), ``status``, ``score``, ``loss``, ``best_epoch``, ``epochs`` trained, ``values``.

    >>> from lstm_automl.search.contracts import TrialRow
    >>> rows = leaderboard([TrialRow(0, {}, "completed", 0.4)], {"mean": {"valid": {"r2": 0.5}}}, "r2", "max")
    >>> [(r["rank"], r["name"], r["kind"]) for r in rows]
    [(1, 'mean', 'floor'), (2, 'trial 0', 'trial')]
    """
    ranked = rank(table, direction)
    rows = [_trial(t, t.score, t.loss, t.best_epoch) for t in ranked]
    for name, parts in baselines.items():
        score = parts.get("valid", {}).get(metric)
        rows.append(_row(name, "floor", "floor", score))
    sign = -1.0 if direction == "max" else 1.0
    # stable: equal scores keep the order of the trials (by loss), trials before floors
    rows.sort(key=lambda row: math.inf if row["score"] is None else sign * row["score"])
    for position, row in enumerate((r for r in rows if r["score"] is not None), start=1):
        row["rank"] = position
    seen = {t.number for t in ranked}
    return rows + [_trial(t) for t in table if t.number not in seen]


def as_csv(rows: Sequence[Row]) -> str:
    """The rows as comma-separated text, one column a hyper-parameter."""
    names = _parameters(rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_COLUMNS, *names])
    for row in rows:
        writer.writerow([_plain(row[c]) for c in _COLUMNS] + [_plain(row["values"].get(n)) for n in names])
    return out.getvalue()


def markdown(rows: Sequence[Row], limit: int | None = None) -> str:
    """The rows as a Markdown table; floors in italics, and only the hyper-parameters that differ.

    Args:
        rows: From :func:`leaderboard`.
        limit: Rows shown at most; floors below are shown all the same.
    """
    shown = list(rows[:limit])
    # a floor that lies below the limit is what the reader looks for
    shown += [row for row in rows[len(shown) :] if row["kind"] == "floor"]
    same = constants(rows)
    lines = ["| rank | name | score | loss | best epoch | epochs | status | values |"]
    lines.append("|---:|---|---:|---:|---:|---:|---|---|")
    for row in shown:
        name = f"*{row['name']}*" if row["kind"] == "floor" else row["name"]
        cells = [row["rank"], name, row["score"], row["loss"], row["best_epoch"], row["epochs"], row["status"]]
        texts = [*map(number, cells), values_text(row["values"], same)]
        lines.append("| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |")
    if same:
        lines += ["", f"The same in all trials: {values_text(same)}."]
    return "\n".join(lines)


def constants(rows: Sequence[Row]) -> dict[str, Any]:
    """The hyper-parameters that have one value in all trials, if there are several trials."""
    trials = [row["values"] for row in rows if row["kind"] == "trial"]
    if len(trials) < 2:
        return {}
    return {key: value for key, value in trials[0].items() if all(t.get(key) == value for t in trials)}


def values_text(values: Mapping[str, Any], without: Mapping[str, Any] | None = None) -> str:
    """``units=64, cell=lstm``, leaving out names that are in ``without``."""
    return ", ".join(f"{key}={number(value)}" for key, value in values.items() if key not in (without or {}))


def number(value: Any) -> str:
    """A cell as people read it: four significant digits, nothing for None.

    >>> number(0.123456), number(None), number(64)
    ('0.1235', '', '64')
    """
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


_COLUMNS = ("rank", "name", "kind", "status", "score", "loss", "best_epoch", "epochs")


def _trial(t: TrialRow, score: float | None = None, loss: float | None = None, best_epoch: int = -1) -> Row:
    return _row(
        f"trial {t.number}", "trial", t.status, score, loss, best_epoch, t.values, max(map(len, t.epochs), default=0)
    )


def _row(
    name: str,
    kind: str,
    status: str,
    score: float | None = None,
    loss: float | None = None,
    best_epoch: int = -1,
    values: Mapping[str, Any] | None = None,
    epochs: int = 0,
) -> Row:
    return {
        "rank": None,
        "name": name,
        "kind": kind,
        "status": status,
        "score": score if score is not None and math.isfinite(score) else None,
        "loss": loss,
        "best_epoch": best_epoch if best_epoch >= 0 else None,
        "epochs": epochs or None,
        "values": dict(values or {}),
    }


def _parameters(rows: Sequence[Row]) -> list[str]:
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row["values"]))
    return list(names)


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "@"):
        return f"'{value}"  # a spreadsheet would run it
    return "" if value is None else value
