"""A table of one or many series: rows in order of time, targets among the columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.checks import check_finite, check_not_empty
from lstm_automl.data.long import sequence_facts
from lstm_automl.data.options import DataOptions
from lstm_automl.data.order import Order, order_rows
from lstm_automl.data.roles import Roles, check_index
from lstm_automl.data.sequences import Sequences
from lstm_automl.data.table import TIME_HINT, Table, matrix, texts
from lstm_automl.data.times import has_offsets, is_dates
from lstm_automl.errors import DataError

TIME_WORDS = ("time", "date", "day")
"""What a name of a column of times has in it."""


def from_series(table: Table, roles: Roles, options: DataOptions) -> Sequences:
    """Frame series to be forecast; without named targets every number column not known ahead is one.

    Rows at the end of a series in which every target is empty but covariates known ahead are given are
    *future* rows: they stay, their targets NaN.

    Raises:
        DataError: no target, two rows of a series at one time, a missing or infinite value (in future rows:
            of what is known ahead), text among the numbers.
    """
    roles = _with_time(table, roles)
    check_index(roles, table.source)
    target = roles.target or tuple(name for name in roles.features or roles.rest if name not in roles.known)
    if not target:
        raise DataError(f"{table.source}: no number column is left to be forecast; name one with --target")
    known = tuple(name for name in roles.known if name not in roles.categorical)
    wanted = {*(roles.features or roles.rest), *target, *known}
    channels = tuple(dict.fromkeys([*roles.features, *(name for name in table.columns if name in wanted)]))
    order = order_rows(table, roles.id, roles.time)
    values = matrix(table, channels, dates=TIME_HINT)
    ahead = tuple(channels.index(name) for name in known)
    targets = tuple(channels.index(name) for name in target)
    future = _future(values[order.rows], order, targets) if roles.known else np.zeros(len(values), np.bool_)
    _check(table, order, values, channels, future, ahead, options)
    past = np.empty(len(table), np.bool_)
    past[order.rows] = ~future
    facts = sequence_facts(table, roles, order, options, past)
    return Sequences(
        values=values[order.rows],
        offsets=order.offsets,
        channels=channels,
        target_channels=targets,
        known_channels=ahead,
        known_categories=tuple(name for name in roles.known if name in roles.categorical),
        times_in_utc=roles.time is not None and has_offsets(table, roles.time),
        **facts,
        read_as={"id": roles.id, "time": roles.time, "target": target, "features": channels},
        source=table.source,
    )


def _with_time(table: Table, roles: Roles) -> Roles:
    """The first column is the time when it holds dates and no other is named."""
    first = table.columns[0]
    free = roles.time is None and first in roles.rest and not roles.features
    if free and is_dates(table, first) and not _repeated_numbers(table, first, roles.id):
        return replace(roles, time=first, rest=tuple(name for name in roles.rest if name != first))
    return roles


def _repeated_numbers(table: Table, name: str, id_: str | None) -> bool:
    """Whether whole numbers repeat within a series, as times do not, under a name that speaks of none."""
    import pandas

    column = table.frame[name]
    if not pandas.api.types.is_numeric_dtype(column.dtype) or any(word in name.lower() for word in TIME_WORDS):
        return False
    ids = texts(table, id_) if id_ else ""
    return bool(pandas.DataFrame({"number": column.to_numpy(), "id": ids}).duplicated().any())


def _future(ordered: NDArray[np.float64], order: Order, targets: tuple[int, ...]) -> NDArray[np.bool_]:
    """``(rows,)`` in sequence order: True from the last row on that has a target."""
    out = np.asarray(np.isnan(ordered[:, list(targets)]).all(axis=1))
    for start, end in zip(order.offsets[:-1], order.offsets[1:], strict=True):
        given = np.flatnonzero(~out[start:end])
        out[start : start + (given[-1] + 1 if given.size else 0)] = False
    return out


def _check(
    table: Table,
    order: Order,
    values: NDArray[np.float64],
    channels: tuple[str, ...],
    future: NDArray[np.bool_],
    ahead: tuple[int, ...],
    options: DataOptions,
) -> None:
    past_rows = order.rows[~future]
    past = values[past_rows]
    if not past_rows.size:
        raise DataError(f"{table.source}: every target is missing")
    check_not_empty(past, channels, table.source)
    check_finite(past, lambda r, c: table.cell(int(past_rows[r]), channels[c]), allow_nan=options.allow_nan)
    future_rows = order.rows[future]
    check_finite(
        values[future_rows][:, list(ahead)],
        lambda r, c: table.cell(int(future_rows[r]), channels[ahead[c]]),
        hint="a row after the last target must give what is known ahead",
    )
