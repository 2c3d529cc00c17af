"""The same charts to explore: plotly figures, in one page that needs no network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lstm_automl.reports.curves import Line, Progress
from lstm_automl.reports.leaderboard import number
from lstm_automl.reports.ranges import without_outliers
from lstm_automl.search.contracts import TrialRow

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MOST_TICKS = 12
_CONFIG = {"displaylogo": False}
_LAYOUT = {"template": "plotly_white", "height": 460, "margin": {"l": 70, "r": 30, "t": 60, "b": 60}}


def learning_curves(lines: Sequence[Line], metric: str) -> Figure:
    """One line a trial: the objective after each epoch."""
    from plotly.graph_objects import Figure, Scatter

    figure = Figure(layout={**_LAYOUT, "title": "Learning curves"})
    for line in sorted(lines, key=lambda item: item.strong):
        style = {"width": 3, "color": "#b3261e"} if line.strong else {"width": 1}
        mode = "markers" if len(line.x) == 1 else "lines"
        figure.add_trace(Scatter(x=line.x, y=line.y, mode=mode, name=line.name, line=style))
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(title=metric, range=_shown([y for line in lines for y in line.y]))
    return figure


def score_over_time(progress: Progress, metric: str, floors: Mapping[str, float]) -> Figure:
    """Score of each trial and best so far over minutes, with the floors."""
    from plotly.graph_objects import Figure, Scatter

    figure = Figure(layout={**_LAYOUT, "title": "Score over time"})
    names = [f"trial {n}" for n in progress.trials]
    figure.add_trace(Scatter(x=progress.minutes, y=progress.scores, mode="markers", name="trials", text=names))
    figure.add_trace(
        Scatter(
            x=progress.minutes,
            y=progress.best,
            mode="lines",
            name="best so far",
            line={"shape": "hv", "color": "#b3261e"},
        )
    )
    for i, (name, value) in enumerate(floors.items()):
        # on both sides in turn: floors lie close together
        side = "top right" if i % 2 else "top left"
        style = {"line_dash": "dash", "line_color": "#777777"}
        figure.add_hline(y=value, annotation_text=name, annotation_position=side, **style)
    figure.update_xaxes(title="minutes")
    figure.update_yaxes(title=metric, range=_shown([*progress.scores, *floors.values()]))
    return figure


def _shown(values: Sequence[float]) -> list[float] | None:
    """What an axis shows at first, with some room; None = whatever there is."""
    if not values:
        return None
    low, high = without_outliers(values)
    room = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return [low - room, high + room]


def parallel_coordinates(table: Sequence[TrialRow], metric: str, logarithmic: Sequence[str] = ()) -> Figure:
    """One line a completed trial through the values of every parameter that varies, coloured by score.

    Args:
        table: Trials.
        metric: The objective.
        logarithmic: Parameters shown as powers of ten.
    """
    from plotly.graph_objects import Figure, Parcoords

    rows = [t for t in table if t.status == "completed" and t.score is not None]
    names = dict.fromkeys(name for t in rows for name in t.values)
    axes = [_axis(name, [t.values.get(name) for t in rows], name in logarithmic) for name in names]
    scores = [float(t.score or 0.0) for t in rows]
    shown = [axis for axis in axes if axis is not None]
    size = {"width": max(900, 85 * (len(shown) + 2)), "margin": {"l": 100, "r": 60, "t": 130, "b": 40}}
    figure = Figure(layout={**_LAYOUT, **size, "title": "Parallel coordinates"})
    figure.add_trace(
        Parcoords(
            dimensions=[*shown, {"label": metric, "values": scores}],
            line={"color": scores, "colorscale": "Viridis", "showscale": True},
            labelangle=-30,
        )
    )
    return figure


def _axis(name: str, values: Sequence[Any], logarithmic: bool) -> dict[str, Any] | None:
    """An axis of parallel coordinates; None for a parameter that never changes."""
    known = set(values)
    if len(known) < 2:
        return None
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        if logarithmic and min(values) > 0:
            logs = [math.log10(v) for v in values]
            ticks = [math.log10(v) for v in _one_two_five(min(values), max(values))]
            return {"label": name, "values": logs, "tickvals": ticks, "ticktext": [f"{10.0**t:.3g}" for t in ticks]}
        return {"label": name, "values": list(values)}
    # names, and parameters that are not active everywhere
    ordered = sorted(known, key=lambda v: (v is not None, isinstance(v, str), v if v is not None else 0))
    texts = ["-" if v is None else number(v) for v in ordered]
    places = [ordered.index(v) for v in values]
    if len(ordered) > _MOST_TICKS:
        return {"label": name, "values": places, "tickvals": [0, len(ordered) - 1], "ticktext": [texts[0], texts[-1]]}
    return {"label": name, "values": places, "tickvals": list(range(len(ordered))), "ticktext": texts}


def _one_two_five(low: float, high: float) -> list[float]:
    """The numbers 1, 2, 5, 10, 20 ... from ``low`` to ``high``; both ends where there is none between."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [m * 10.0**p for p in powers for m in (1, 2, 5) if low <= m * 10.0**p <= high]
    return found or [low, high]


def page(title: str, figures: Sequence[Figure], after: str = "") -> str:
    """One HTML page with all figures and plotly itself, readable without a network."""
    from html import escape

    parts = [
        f'<div class="wide">{figure.to_html(full_html=False, include_plotlyjs=(i == 0), config=_CONFIG)}</div>'
        for i, figure in enumerate(figures)
    ]
    head = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
    style = (
        "<style>body{font-family:Helvetica,Arial,sans-serif;margin:2em auto;padding:0 1em;max-width:72em;color:#333}"
        "table{border-collapse:collapse;font-size:.85em}td,th{padding:.25em .7em;border-bottom:1px solid #ddd;"
        "text-align:left}.wide{overflow-x:auto}tr.floor{font-style:italic;color:#777}</style></head><body>"
    )
    return "\n".join([head, style, f"<h1>{escape(title)}</h1>", *parts, after, "</body></html>\n"])
