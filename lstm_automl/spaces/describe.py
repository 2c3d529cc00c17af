"""A space as a plain table, for ``spaces show``."""

from __future__ import annotations

from lstm_automl.spaces.space import Parameter, Space, Value
from lstm_automl.spaces.unread import base_of
from lstm_automl.spaces.vocabulary import VOCABULARY, shown

_COLUMNS = ("parameter", "values", "first", "only when", "what it is")


def describe(space: Space) -> str:
    """One line a parameter: its values, the value of the first trial, its conditions, its meaning.

    >>> from lstm_automl.spaces.loader import loads
    >>> print(describe(loads("task: classification\\nparameters: {units: {type: int, min_value: 8, max_value: 16}}")))
    a space for classification: 1 parameter, 1 searched
    <BLANKLINE>
    parameter  values   first  only when  what it is
    units      8 .. 16  8                 width of a recurrent layer, in each direction
    """
    rows = [_row(p) for p in space.parameters.values()]
    searched = sum(p.searched for p in space.parameters.values())
    plural = "" if len(rows) == 1 else "s"
    title = f"{space.name}: " if space.name and space.name != space.task else ""
    head = f"{title}a space for {space.task}: {len(rows)} parameter{plural}, {searched} searched"
    widths = [max(len(row[i]) for row in (_COLUMNS, *rows)) for i in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in (_COLUMNS, *rows)]
    return "\n".join([head, "", *(line.rstrip() for line in lines)])


def values_text(p: Parameter) -> str:
    """What a parameter can be, in short.

    >>> values_text(Parameter("units", "int", 16, 8, 64, sampling="log")), values_text(Parameter("ema", "bool", True))
    ('8 .. 64, log', 'false, true')
    """
    if p.kind in ("fixed", "bool", "choice"):
        return ", ".join(_plain(v) for v in p.grid())
    step = f", step {shown(p.step)}" if p.step and p.step != (1 if p.kind == "int" else None) else ""
    return f"{shown(p.min_value)} .. {shown(p.max_value)}{step}{', log' if p.sampling == 'log' else ''}"


def _row(p: Parameter) -> tuple[str, ...]:
    when = "; ".join(f"{parent} = {' | '.join(_plain(v) for v in values)}" for parent, values in p.when.items())
    meaning = VOCABULARY.get(base_of(p.name))
    first = "" if p.kind == "fixed" else _plain(p.default)
    return p.name, values_text(p), first, when, meaning.help if meaning else ""


def _plain(value: Value) -> str:
    return value if isinstance(value, str) else shown(value)
