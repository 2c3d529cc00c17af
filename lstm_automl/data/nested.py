"""A table in served form: a row a sequence, column ``sequence`` of nested lists ``(time, features)``."""

from __future__ import annotations

from dataclasses import replace

from lstm_automl.data.arrays import from_arrays
from lstm_automl.data.checks import MASK_HINT, check_not_empty
from lstm_automl.data.options import DataOptions, Kind, refuse
from lstm_automl.data.roles import Roles
from lstm_automl.data.sequences import Sequences
from lstm_automl.data.table import Table
from lstm_automl.data.wide import row_facts, row_targets
from lstm_automl.errors import DataError

COLUMN = "sequence"


def is_nested(table: Table) -> bool:
    """True for a table whose column ``sequence`` holds lists."""
    if COLUMN not in table.columns or not len(table):
        return False
    first = table.frame[COLUMN].iloc[0]
    return isinstance(first, (list, tuple)) or getattr(first, "ndim", 0) > 0


def from_nested(table: Table, roles: Roles, options: DataOptions, *, kind: Kind, labelled: bool) -> Sequences:
    """Frame a table of nested lists; every other column needs a role.

    The arguments are those of :func:`lstm_automl.data.wide.from_wide`.

    Raises:
        DataError: a cell that is not ``(time, features)`` numbers, no target, a column without a role.
    """
    refuse(options, ["features", "time"], table.source, "the column 'sequence' holds all features")
    if labelled and not roles.target:
        raise DataError(f"{table.source}: no target column: name it with --target")
    spare = [name for name in roles.rest if name != COLUMN]
    if spare:
        raise DataError(
            f"{table.source}: column {spare[0]!r} beside the column 'sequence' has no role: "
            "name it with --static or --categorical"
        )
    cells = list(table.frame[COLUMN])
    data = from_arrays(cells, allow_nan=options.allow_nan, source=table.source, nan_hint=MASK_HINT)
    if labelled:
        check_not_empty(data.values, data.channels, table.source)
    targets = row_targets(table, roles.target, kind, labelled)
    return replace(data, targets=targets, **row_facts(table, roles, options), read_as={"target": roles.target})
