"""A wide table: a row a sequence, its number columns in file order the time steps of one channel."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_automl.data.checks import MASK_HINT, check_finite, check_not_empty, check_weights
from lstm_automl.data.options import DataOptions, Kind
from lstm_automl.data.roles import Roles, has_axes
from lstm_automl.data.sequences import Array, Sequences
from lstm_automl.data.table import WEIGHT_HINT, Table, labels, matrix, numbers, require, texts
from lstm_automl.errors import DataError

CHANNEL = "value"

TARGET_HINT = "; a regression target must be a number, classification takes names"


def from_wide(table: Table, roles: Roles, options: DataOptions, *, kind: Kind, labelled: bool) -> Sequences:
    """Frame the rows of a table as sequences of one channel.

    Args:
        table: Of a file.
        roles: Of its columns.
        options: As given.
        kind: What is to be learnt.
        labelled: False: targets may be absent.

    Raises:
        DataError: no target or no time step, a missing or infinite value, text among the numbers; columns x, y and z
            and no target by name: ``y`` may be an axis or the target.
    """
    if labelled and not roles.target and has_axes(table.columns):
        raise DataError(
            f"{table.source}: beside columns x and z, y may be an axis or the target: name the target with --target"
        )
    target = roles.target or (roles.rest[-1:] if labelled else ())
    steps = roles.features or tuple(name for name in roles.rest if name not in target)
    # A named time column without ids is an ordinary step of a wide table.
    if roles.time and not options.time and not roles.features:
        steps = tuple(name for name in table.columns if name in {*steps, roles.time})
    if not steps:
        raise DataError(
            f"{table.source}: no column is left to be a time step (a wide table needs some beside its target)"
        )
    values = matrix(table, steps)
    check_finite(values, lambda r, c: table.cell(r, steps[c]), allow_nan=options.allow_nan)
    flat = values.reshape(-1, 1)
    if labelled:
        check_not_empty(flat, (CHANNEL,), table.source)
    return Sequences(
        values=flat,
        offsets=np.arange(len(table) + 1, dtype=np.int64) * len(steps),
        channels=(CHANNEL,),
        targets=row_targets(table, target, kind, labelled),
        **row_facts(table, roles, options),
        read_as={"table": "wide", "target": target},
        source=table.source,
    )


def row_facts(table: Table, roles: Roles, options: DataOptions) -> dict[str, Any]:
    """Static columns, categories, groups, ids and weights where each row is a sequence."""
    facts: dict[str, Any] = {}
    if names := roles.static_numbers:
        static = matrix(table, names)
        check_finite(static, lambda r, c: table.cell(r, names[c]), allow_nan=options.allow_nan)
        facts |= {"static": static, "static_names": names}
    facts["static_categories"] = roles.categorical
    facts["categories"] = {name: categories(table, name, options) for name in roles.categorical}
    if roles.group:
        facts["groups"] = texts(table, roles.group)
        require(table, roles.group, facts["groups"])
    if roles.id:
        facts["ids"] = texts(table, roles.id)
    if roles.weight:
        facts["weights"] = numbers(table, roles.weight, WEIGHT_HINT)
        check_weights(facts["weights"], table.row)
    return facts


def categories(table: Table, name: str, options: DataOptions, rows: Array | None = None) -> Array:
    """A categorical column; an empty cell is a missing value (looked for in ``rows`` where given)."""
    values = texts(table, name)
    if not options.allow_nan:
        required = values if rows is None else np.where(rows, values, "-")
        require(table, name, required, f"; {MASK_HINT}")
    return values


def row_targets(table: Table, target: tuple[str, ...], kind: Kind, labelled: bool) -> Array | None:
    """``(n,)`` targets where each row is a sequence; None where they are unknown.

    Args:
        table: Of a file.
        target: The column; empty = none.
        kind: Labels or numbers.
        labelled: False: they may be absent.

    Raises:
        DataError: a label is missing, or a number is none.
    """
    if not target:
        return None
    name = target[0]
    if kind == "label":
        if not labelled and (texts(table, name) == "").any():
            return None
        return labels(table, name)
    values = numbers(table, name, TARGET_HINT)
    if not labelled and not np.isfinite(values).all():
        return None
    check_finite(values[:, None], lambda r, _: table.cell(r, name), hint="a target cannot be masked")
    return values
