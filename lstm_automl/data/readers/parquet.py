"""Parquet tables: wide, long, series, or served form (a column ``sequence`` of nested lists)."""

from __future__ import annotations

from pathlib import Path

from lstm_automl.data.options import DataOptions, Kind
from lstm_automl.data.sequences import Sequences
from lstm_automl.data.table import Table
from lstm_automl.data.tabular import from_table
from lstm_automl.errors import DataError


def read(path: Path, options: DataOptions, *, kind: Kind, labelled: bool = True) -> Sequences:
    """Read a table; see :class:`~lstm_automl.data.readers.Reader`."""
    import pandas

    try:
        frame = pandas.read_parquet(path, engine="pyarrow")
    except Exception as error:  # a damaged footer surfaces as KeyError, TypeError, ArrowException ...
        reason = (str(error) or type(error).__name__).splitlines()[0].rpartition("': ")[2][:120]
        raise DataError(f"{path.name}: not a Parquet file: {reason}") from None
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    frame.columns = [str(name).strip() for name in frame.columns]
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise DataError(f"{path.name}: duplicate column {twice[0]!r}")
    if not len(frame.columns):
        raise DataError(f"{path.name}: no columns")
    table = Table(frame, path.name, lambda row: f"{path.name} row {row + 1}")
    return from_table(table, options, kind=kind, labelled=labelled)
