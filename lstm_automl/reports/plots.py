"""The same charts to explore: plotly figures, in one page that needs no network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lstm_automl.reports.curves import Line, Progress
from lstm_automl.search.contracts import TrialRow

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

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
    figure.update_yaxes(title=metric)
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
    for name, value in floors.items():
        figure.add_hline(y=value, line_dash="dash", line_color="#777777", annotation_text=name)
    figure.update_xaxes(title="minutes")
    figure.update_yaxes(title=metric)
    return figure


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
    figure = Figure(
        layout={**_LAYOUT, "title": "Parallel coordinates", "margin": {"l": 90, "r": 60, "t": 110, "b": 40}}
    )
    figure.add_trace(
        Parcoords(
            dimensions=[*shown, {"label": metric, "values": scores}],
            line={"color": scores, "colorscale": "Viridis", "showscale": True},
        )
    )
    return figure


def _axis(name: str, values: Sequence[Any], logarithmic: bool) -> dict[str, Any] | None:
    """An axis of parallel coordinates; None for a parameter that never changes."""
    if len({str(v) for v in values}) < 2:
        return None
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        if logarithmic and all(v > 0 for v in values):
            powers = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)
            ticks = {"tickvals": list(powers), "ticktext": [f"{10.0**p:g}" for p in powers]}
            return {"label": name, "values": [math.log10(v) for v in values], **ticks}
        return {"label": name, "values": list(values)}
    # names, and parameters that are not active everywhere
    known = sorted({"-" if v is None else str(v) for v in values})
    places = [known.index("-" if v is None else str(v)) for v in values]
    return {"label": name, "values": places, "tickvals": list(range(len(known))), "ticktext": known}


def page(title: str, figures: Sequence[Figure], after: str = "") -> str:
    """One HTML page with all figures and plotly itself, readable without a network."""
    from html import escape

    parts = [
        figure.to_html(full_html=False, include_plotlyjs=(i == 0), config={"displaylogo": False})
        for i, figure in enumerate(figures)
    ]
    head = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
    style = (
        "<style>body{font-family:Helvetica,Arial,sans-serif;margin:2em auto;max-width:72em;color:#333}"
        "table{border-collapse:collapse;font-size:.85em}td,th{padding:.25em .7em;border-bottom:1px solid #ddd;"
        "text-align:left}tr.floor{font-style:italic;color:#777}</style></head><body>"
    )
    return "\n".join([head, style, f"<h1>{escape(title)}</h1>", *parts, after, "</body></html>\n"])
