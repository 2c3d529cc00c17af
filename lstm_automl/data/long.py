"""A long table: a row a time step, rows of one id a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_automl.data.checks import check_finite, check_not_empty, check_weights
from lstm_automl.data.options import DataOptions, Kind
from lstm_automl.data.order import Order, order_rows
from lstm_automl.data.roles import Roles
from lstm_automl.data.sequences import Array, Sequences
from lstm_automl.data.table import TEXT_HINT, TIME_HINT, WEIGHT_HINT, Table, labels, matrix, numbers, require, texts
from lstm_automl.data.wide import TARGET_HINT, categories
from lstm_automl.errors import DataError


def from_long(table: Table, roles: Roles, options: DataOptions, *, kind: Kind, labelled: bool) -> Sequences:
    """Frame groups of rows as sequences.

    The arguments are those of :func:`lstm_automl.data.wide.from_wide`.

    Raises:
        DataError: no target or feature, a label that changes within an id, two rows of an id at one time,
            a missing or infinite value, text among the numbers.
    """
    if roles.id is None:
        raise DataError(f"{table.source}: a long table needs a column of sequence ids: name it with --id")
    if labelled and not roles.target:
        raise DataError(
            f"{table.source}: no target column: name it with --target (columns: {', '.join(table.columns[:40])})"
        )
    channels = roles.features or roles.rest
    if not channels and not roles.categorical:
        raise DataError(f"{table.source}: no column is left to be a feature")
    order = order_rows(table, roles.id, roles.time)
    values = matrix(table, channels, TEXT_HINT + _taken(roles, options), TIME_HINT)
    if labelled:
        check_not_empty(values, channels, table.source)
    check_finite(values, lambda r, c: table.cell(r, channels[c]), allow_nan=options.allow_nan)
    return Sequences(
        values=values[order.rows],
        offsets=order.offsets,
        channels=channels,
        **_targets(table, roles, order, kind, labelled, _taken(roles, options)),
        **sequence_facts(table, roles, order, options),
        read_as={
            "table": "long", "id": roles.id, "time": roles.time, "target": roles.target, "features": channels,
        },
        source=table.source,
    )  # fmt: skip


def sequence_facts(
    table: Table, roles: Roles, order: Order, options: DataOptions, past: Array | None = None
) -> dict[str, Any]:
    """Static columns, categories, groups, ids, times and weights of groups of rows.

    ``past`` ``(rows,)``: table rows in which covariates not known ahead must be given; None = all.
    """
    both = tuple(name for name in roles.categorical if name in roles.static)
    facts: dict[str, Any] = {
        "ids": order.ids, "times": order.times, "categories": {}, "static_categories": both,
    }  # fmt: skip
    if names := roles.static_numbers:
        static = matrix(table, names)
        check_finite(static, lambda r, c: table.cell(r, names[c]), allow_nan=options.allow_nan)
        columns = [order.constant(table, name, static[:, i]) for i, name in enumerate(names)]
        facts |= {"static": np.stack(columns, axis=1), "static_names": names}
    for name in roles.categorical:
        values = categories(table, name, options, None if name in roles.known else past)
        facts["categories"][name] = order.constant(table, name, values) if name in both else values[order.rows]
    if roles.group:
        groups = texts(table, roles.group)
        require(table, roles.group, groups)
        facts["groups"] = order.constant(table, roles.group, groups)
    if roles.weight:
        weights = numbers(table, roles.weight, WEIGHT_HINT)
        check_weights(weights, table.row)
        facts["weights"] = order.constant(table, roles.weight, weights)
    return facts


def _taken(roles: Roles, options: DataOptions) -> str:
    """The end of a message where the target was found by its name: another may have been meant."""
    return (
        ""
        if options.target or not roles.target
        else f"; the target is {roles.target[0]!r} unless --target names another"
    )


def _targets(table: Table, roles: Roles, order: Order, kind: Kind, labelled: bool, taken: str) -> dict[str, Any]:
    if not roles.target:
        return {}
    name = roles.target[0]
    if kind == "label":
        names = texts(table, name)
        if not labelled and (names == "").any():
            return {}
        return {"targets": order.constant(table, name, labels(table, name), taken)}
    values = numbers(table, name, TARGET_HINT + taken)
    last = _only_last(values, order)
    if last is not None:
        return {"targets": last}
    if not labelled and not np.isfinite(values).all():
        return {}
    check_finite(values[:, None], lambda r, _: table.cell(r, name), hint="a target cannot be masked")
    if order.first_change(values) is None:
        return {"targets": order.constant(table, name, values)}
    return {"targets": values[order.rows], "target_per_row": True}


def _only_last(values: Array, order: Order) -> Array | None:
    """Targets given at the last row of each sequence and nowhere else."""
    ordered = values[order.rows]
    given = np.isfinite(ordered)
    last = order.offsets[1:] - 1
    return ordered[last] if given[last].all() and given.sum() == len(last) < len(ordered) else None
