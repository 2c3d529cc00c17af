"""A table in memory, and its columns as numbers, names or times, with errors that name row and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.errors import DataError

if TYPE_CHECKING:
    import pandas

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
"""What a cell without a value may say."""

LARGEST = 2**53
"""Floats below it tell every whole number from the next."""


@dataclass(frozen=True)
class Table:
    """Rows and columns of one file.

    Args:
        frame: The cells; a row a record, in file order.
        source: The file's name.
        row: Row number -> where it stands, e.g. ``"train.csv:7"``.
    """

    frame: pandas.DataFrame
    source: str
    row: Callable[[int], str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in file order."""
        return tuple(self.frame.columns)

    def __len__(self) -> int:
        return len(self.frame)

    def cell(self, row: int, column: str) -> str:
        """The beginning of a message about one cell."""
        return f"{self.row(row)}: column {column!r}"


TEXT_HINT = "; name a text column with --categorical, or leave it out with --features"
WEIGHT_HINT = "; a sample weight must be a number"
DATES_HINT = "leave it out with --features; of a long table it may be the --time beside its --id"
TIME_HINT = "name it with --time or leave it out with --features"


def numbers(table: Table, name: str, hint: str = TEXT_HINT, dates: str = DATES_HINT) -> NDArray[np.float64]:
    """A column as ``(rows,)`` floats, NaN where the cell is empty.

    Args:
        table: Of a file.
        name: The column.
        hint, dates: What to do with text, and with dates, at the end of their messages.

    Raises:
        DataError: a cell is not a number.
    """
    from pandas.api import types

    column = table.frame[name]
    if types.is_datetime64_any_dtype(column.dtype):
        raise DataError(f"{table.source}: column {name!r} holds dates: {dates}")
    if types.is_complex_dtype(column.dtype):
        raise DataError(f"{table.source}: column {name!r}: complex data not supported")
    if types.is_numeric_dtype(column.dtype):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return _parsed(table, name, column.to_numpy(dtype=object), hint)


def matrix(table: Table, names: Sequence[str], hint: str = TEXT_HINT, dates: str = DATES_HINT) -> NDArray[np.float64]:
    """Columns as ``(rows, columns)`` floats; the mistakes of all columns are reported at once.

    Args:
        table: Of a file.
        names: The columns.
        hint, dates: What to do with text, and with dates, at the end of their messages.

    Raises:
        DataError: cells that are no numbers, a line a column.
    """
    out = np.empty((len(table), len(names)))
    mistakes = []
    for i, name in enumerate(names):
        try:
            out[:, i] = numbers(table, name, hint, dates)
        except DataError as error:
            mistakes.append(str(error))
    if mistakes:
        shown = mistakes[:5] + ([f"... and {len(mistakes) - 5} more columns"] if len(mistakes) > 5 else [])
        raise DataError("\n".join(shown))
    return out


def texts(table: Table, name: str) -> NDArray[np.str_]:
    """A column as ``(rows,)`` strings, ``""`` where the cell is empty."""
    return as_texts(table.frame[name].to_numpy(dtype=object))


def as_texts(cells: Iterable[Any]) -> NDArray[np.str_]:
    """Each cell :func:`as_text`."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "U":
        return cells
    return np.array([as_text(cell) for cell in cells], dtype=np.str_)


def as_text(cell: Any) -> str:
    """A cell as a name, without blanks around it; ``""`` for one without a value.

    >>> as_text(" a"), as_text(b"a"), as_text(3.0), as_text(None)
    ('a', 'a', '3.0', '')
    """
    if isinstance(cell, bytes):  # Parquet files of other programs hold text as bytes
        cell = cell.decode(errors="replace")
    return "" if not isinstance(cell, str) and is_missing(cell) else str(cell).strip()


def labels(table: Table, name: str) -> NDArray[Any]:
    """A column as ``(rows,)`` class names: int64 where the file stores whole numbers, else strings.

    Raises:
        DataError: a label is missing.
    """
    from pandas.api import types

    column = table.frame[name]
    whole = types.is_integer_dtype(column.dtype)
    if types.is_float_dtype(column.dtype):
        whole = bool(((column % 1 == 0) & (column.abs() < LARGEST)).all())
    if whole and not column.isna().any() and (column <= np.iinfo(np.int64).max).all():
        return np.asarray(column.to_numpy(dtype=np.int64))
    names = texts(table, name)
    require(table, name, names)
    return names


def require(table: Table, name: str, values: NDArray[np.str_], hint: str = "") -> None:
    """Refuse empty strings of a column; ``hint`` says what to do about them.

    Raises:
        DataError: the place of the first.
    """
    empty = np.flatnonzero(values == "")
    if empty.size:
        raise DataError(f"{table.cell(int(empty[0]), name)}: missing value{_first_of(empty.size)}{hint}")


def is_missing(cell: Any) -> bool:
    """True for a cell without a value."""
    if isinstance(cell, str):
        return not cell.strip()
    if cell is None or type(cell).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(cell, (float, np.floating)) and bool(np.isnan(cell))


def as_float(text: Any) -> float:
    """A number; digits grouped by underscores are not one."""
    if isinstance(text, str) and "_" in text:
        raise ValueError(text)
    return float(text)


def _parsed(table: Table, name: str, cells: NDArray[np.object_], text_hint: str) -> NDArray[np.float64]:
    out = np.full(len(cells), np.nan)
    bad = []
    for i, cell in enumerate(cells):
        if is_missing(cell) or (isinstance(cell, str) and cell.strip() in MISSING):
            continue
        try:
            out[i] = as_float(cell)
        except (TypeError, ValueError, OverflowError):
            bad.append(i)
    if bad:
        cell = cells[bad[0]]
        hint = ""
        if re.fullmatch(r"\s*[-+]?\d+,\d+\s*", str(cell)):
            hint = "; write decimals with a point"
        elif np.isnan(out).all():
            hint = text_hint
        raise DataError(f"{table.cell(bad[0], name)}: {shorten(cell)} is not a number{_first_of(len(bad))}{hint}")
    return out


def shorten(cell: Any) -> str:
    """A cell as it is shown in a message."""
    text = repr(cell if isinstance(cell, str) else str(cell))
    return text if len(text) <= 42 else text[:38] + "...'"


def _first_of(count: int) -> str:
    return f", the first of {count}" if count > 1 else ""
