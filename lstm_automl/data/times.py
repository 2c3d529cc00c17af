"""Time stamps: numbers, or dates whose order is beyond doubt."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.table import Table, is_missing, numbers, shorten
from lstm_automl.errors import DataError

Times = NDArray[Any]

YEARS = "the year must lie in 1678..2261"

LAST_DAY = 22001231
"""The largest whole number that is a day; columns of small or unsigned integers are widened below it."""


def times(table: Table, name: str, codes: NDArray[np.int64]) -> Times:
    """A column as ``(rows,)`` float64 or datetime64[ns] (UTC where it has offsets).

    Args:
        table: Of a file.
        name: The column.
        codes: ``(rows,)`` sequence number of each row: a date such as 01/02/2024 is read the way in which
            every sequence is in order.

    Raises:
        DataError: a cell is missing or not a time, or dates can be read in two ways.
    """
    from pandas.api import types

    column = table.frame[name]
    missing = np.flatnonzero(column.isna().to_numpy())
    if missing.size:
        raise DataError(f"{table.cell(int(missing[0]), name)}: missing time stamp")
    if types.is_datetime64_any_dtype(column.dtype):
        return _stamps(table, name, column)
    if (days := _day_numbers(column)) is not None:
        return _stamps(table, name, days)
    if types.is_numeric_dtype(column.dtype):
        stamps = numbers(table, name)
        if np.isinf(stamps).any():
            raise DataError(f"{table.cell(int(np.isinf(stamps).argmax()), name)}: infinite time stamp")
        return stamps
    return _dates(table, name, codes)


def is_dates(table: Table, name: str) -> bool:
    """True for a column of dates, stored as such, as text, or as numbers such as 20240131."""
    from pandas.api import types

    column = table.frame[name]
    if types.is_datetime64_any_dtype(column.dtype):
        return True
    if types.is_numeric_dtype(column.dtype):
        return _day_numbers(column) is not None
    head = [str(cell).strip() for cell in column.to_numpy(dtype=object)[:20] if not is_missing(cell)]
    return bool(head) and (_iso(head) is not None or bool(_readings(head)))


def has_offsets(table: Table, name: str) -> bool:
    """Whether a column of times says how far each is from UTC."""
    column = table.frame[name]
    if getattr(column.dtype, "tz", None) is not None:
        return True
    first = str(column.iloc[0]).strip() if len(column) else ""
    return re.fullmatch(r"\d{4}\S*[T ]\S.*(Z|[+-]\d\d(:?\d\d)?)", first) is not None


def _day_numbers(column: Any) -> Any:
    """Whole numbers all of which are days, year before month before day; None for any others."""
    from pandas.api import types

    if not types.is_integer_dtype(column.dtype) or not len(column) or column.isna().any():
        return None
    found = column.to_numpy()
    if int(found.max()) > LAST_DAY:
        return None
    found = found.astype(np.int64)
    year, month, day = found // 10000, found // 100 % 100, found % 100
    if ((year < 1900) | (month < 1) | (month > 12) | (day < 1) | (day > 31)).any():
        return None
    return _parse([str(number) for number in found], "%Y%m%d")


def _dates(table: Table, name: str, codes: NDArray[np.int64]) -> Times:
    cells = [str(cell).strip() for cell in table.frame[name]]
    iso = _iso(cells)
    if iso is not None:
        return _stamps(table, name, iso)
    readings = [_stamps(table, name, reading) for reading in _readings(cells)]
    if len(readings) > 1 and not np.array_equal(readings[0], readings[1]):
        readings = [reading for reading in readings if _in_order(reading, codes)]
        if len(readings) != 1:
            raise DataError(
                f"{table.source}: column {name!r}: dates such as {shorten(cells[0])} can be read in two ways; "
                "write year-month-day"
            )
    if readings:
        return readings[0]
    for i, cell in enumerate(cells):
        if _iso([cell]) is None and not _readings([cell]):
            # pandas before 3 cannot hold other years
            other_year = cell[:4].isdigit() and not 1678 <= int(cell[:4]) <= 2261
            raise DataError(f"{table.cell(i, name)}: {YEARS if other_year else f'{shorten(cell)} is not a time'}")
    raise DataError(f"{table.source}: column {name!r}: dates are written in several ways; write year-month-day")


def _iso(cells: list[str]) -> Any:
    # pandas also reads "now" and "today" as ISO 8601
    return _parse(cells, "ISO8601") if all(cell[:4].isdigit() for cell in cells) else None


def _readings(cells: list[str]) -> list[Any]:
    """Month first, day first: every way in which all cells can be read."""
    forms = [day + clock for day in _DAYS for clock in _CLOCKS if _fits(cells[0], day)]
    return [parsed for form in forms if (parsed := _parse(cells, form)) is not None]


def _fits(cell: str, day: str) -> bool:
    return day[2] in cell


_DAYS = tuple(f"{a}{mark}{b}{mark}%Y" for mark in "/.- " for a, b in (("%m", "%d"), ("%d", "%m"), ("%d", "%b")))
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")


def _parse(cells: list[str], form: str) -> Any:
    import pandas

    try:
        return pandas.Series(pandas.to_datetime(cells, format=form, utc=True))
    except (ValueError, TypeError, OverflowError):
        return None


def _stamps(table: Table, name: str, column: Any) -> Times:
    if getattr(column.dt, "tz", None) is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    years = column.dt.year.to_numpy()
    outside = np.flatnonzero((years < 1678) | (years > 2261))
    if outside.size:
        raise DataError(f"{table.cell(int(outside[0]), name)}: {YEARS}")
    return np.asarray(column.to_numpy(dtype="datetime64[ns]"))


def _in_order(stamps: Times, codes: NDArray[np.int64]) -> bool:
    order = np.argsort(codes, kind="stable")
    stamps, codes = stamps[order], codes[order]
    return bool(np.all((stamps[1:] > stamps[:-1]) | (codes[1:] != codes[:-1])))
