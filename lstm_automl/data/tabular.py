"""From a table to sequences: wide, long or series, as options, ids and the task's kind say."""

from __future__ import annotations

import numpy as np

from lstm_automl.data.long import from_long
from lstm_automl.data.nested import from_nested, is_nested
from lstm_automl.data.options import DataOptions, Kind
from lstm_automl.data.roles import Roles, resolve
from lstm_automl.data.sequences import Sequences
from lstm_automl.data.series import from_series
from lstm_automl.data.table import Table, texts
from lstm_automl.data.wide import from_wide
from lstm_automl.errors import DataError


def from_table(table: Table, options: DataOptions, *, kind: Kind, labelled: bool = True) -> Sequences:
    """Frame a table.

    Wide or long, where ``options.table`` does not say: long with ``--id``, or when a column named ``id``
    has repeated values; wide otherwise.

    Args:
        table: Of a file.
        options: What its columns mean.
        kind: What is to be learnt.
        labelled: False: targets may be absent.

    Raises:
        DataError: naming file, row and column.
    """
    if not len(table):
        raise DataError(f"{table.source}: a header but no row of data")
    roles = resolve(table.columns, options, kind, labelled, table.source)
    if kind == "series":
        return from_series(table, roles, options)
    if is_nested(table):
        return from_nested(table, roles, options, kind=kind, labelled=labelled)
    if _is_long(table, roles, options):
        return from_long(table, roles, options, kind=kind, labelled=labelled)
    if options.time:
        raise DataError(f"{table.source}: --time is for a long table: name its ids with --id")
    return from_wide(table, roles, options, kind=kind, labelled=labelled)


def _is_long(table: Table, roles: Roles, options: DataOptions) -> bool:
    if options.table is not None:
        return options.table == "long"
    if options.id is not None:
        return True
    if roles.id is None:
        return False
    return len(np.unique(texts(table, roles.id))) < len(table)
