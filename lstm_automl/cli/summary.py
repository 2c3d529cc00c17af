"""What a person wants to know first of a finished search."""

from __future__ import annotations

import shutil
import textwrap
from typing import Any

from lstm_automl.estimators.result import SearchResult


def summary(result: SearchResult) -> list[str]:
    """Its lines: the best trial, test scores, floors, notes, where the model is."""
    metric = result.objective["metric"]
    lines = [f"best: trial {result.best.number}, {metric} {_number(result.best.score)} on validation data"]
    values = ", ".join(f"{k} {_number(v)}" for k, v in result.best.values.items())
    width = min(100, shutil.get_terminal_size((100, 24)).columns)
    lines += textwrap.wrap(values, width, initial_indent="  ", subsequent_indent="  ")
    if result.test:
        lines.append("test: " + ", ".join(f"{k} {_number(v)}" for k, v in result.test.items()))
    for name, parts in result.baselines.items():
        scores = parts.get("test") or parts.get("valid") or {}
        if metric in scores:
            lines.append(f"floor {name}: {metric} {_number(scores[metric])}")
    lines += list(result.notes)
    lines.append(f"model: {result.model_uri}")
    return lines


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
