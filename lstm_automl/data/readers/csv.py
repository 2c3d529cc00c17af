"""Delimited text: ``.csv``, ``.tsv``, ``.txt``, each also as ``.gz``."""

from __future__ import annotations

import csv
import io
import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_automl.data.options import DataOptions, Kind
from lstm_automl.data.roles import resolve, text_columns
from lstm_automl.data.sequences import Sequences
from lstm_automl.data.table import MISSING, Table
from lstm_automl.data.tabular import from_table
from lstm_automl.data.text import read_text
from lstm_automl.errors import DataError

if TYPE_CHECKING:
    import pandas

DELIMITERS = (",", ";", "\t")


def read(path: Path, options: DataOptions, *, kind: Kind, labelled: bool = True) -> Sequences:
    """Read a table whose first line names the columns; see :class:`~lstm_automl.data.readers.Reader`."""
    text = read_text(path)
    header, sep = _header(text, options.sep, path.name)
    _check_rows(text, sep, len(header), path.name)
    roles = resolve(header, options, kind, labelled, path.name)
    frame = _frame(text, sep, header, set(text_columns(roles, kind)), path.name)
    if not (roles.features or roles.known) and len(roles.rest) == len(header):
        _check_whole_numbers(header, frame, path.name)
    table = Table(frame, path.name, lambda row: f"{path.name}:{_line(text, sep, row)}")
    return from_table(table, options, kind=kind, labelled=labelled)


def _header(text: str, sep: str | None, source: str) -> tuple[list[str], str]:
    first = next(line for line in text.splitlines() if line.strip())
    counts = {mark: first.count(mark) for mark in DELIMITERS}
    best = max(counts, key=lambda mark: counts[mark])
    if sep is None:
        sep = best
        odd = re.search(r"[|:]|\s{2,}|\S\s+\S+\s+\S", first) if not counts[best] else None
        if odd:
            mark = odd[0] if odd[0] in "|:" else " "
            raise DataError(
                f"{source}:1: one column only, {_short(first)}: if the delimiter is {mark!r}, say --sep {mark!r}"
            )
    elif sep not in first and counts[best]:
        raise DataError(f"{source}:1: no delimiter {sep!r} in {_short(first)}: did you mean --sep {best!r}?")
    names = [name.strip() for name in next(_records(text, sep, source))[1]]
    _check_names(names, source)
    return names, sep


def _check_names(names: list[str], source: str) -> None:
    values = [name for name in names if re.fullmatch(r"[-+]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][-+]?\d+)|-\d+", name)]
    if values:
        raise DataError(f"{source}:1: the first line must name the columns, but holds the value {values[0]!r}")
    if _whole(names) and len(set(names)) < len(names):
        raise DataError(_no_names(names, source))
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise DataError(f"{source}:1: duplicate column {', '.join(repr(name) for name in twice[:5])}")
    if "" in names:
        raise DataError(
            f"{source}:1: column {names.index('') + 1} has no name (an index written by pandas? use index=False)"
        )


def _check_whole_numbers(names: list[str], frame: pandas.DataFrame, source: str) -> None:
    """Refuse a first line, of which no option names a column, that is a row like those below it."""
    if not _whole(names) or _steady([*map(int, names)]):
        return
    low, high = frame.min(numeric_only=True).min(), frame.max(numeric_only=True).max()
    if low <= statistics.median(map(int, names)) <= high:
        raise DataError(f"{_no_names(names, source)}; if these are names, say --target or --features")


def _whole(names: list[str]) -> bool:
    return len(names) > 1 and all(re.fullmatch(r"\d+", name) for name in names)


def _no_names(names: list[str], source: str) -> str:
    return f"{source}:1: the first line must name the columns, but holds the values {', '.join(names[:5])}"


def _steady(numbers: list[int]) -> bool:
    """Whether numbers rise or fall all the way, as those that name steps do."""
    return numbers in (sorted(set(numbers)), sorted(set(numbers), reverse=True))


def _check_rows(text: str, sep: str, width: int, source: str) -> None:
    ragged = [(line, len(record)) for line, record in _records(text, sep, source) if len(record) != width]
    if ragged:
        line, fields = ragged[0]
        more = f" ({len(ragged)} such lines)" if len(ragged) > 1 else ""
        raise DataError(f"{source}:{line}: {fields} fields, but the header names {width} columns{more}")


def _records(text: str, sep: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it ends; blank lines are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sep, skipinitialspace=True, strict=True)
    try:
        for record in reader:
            if record and (len(record) > 1 or record[0].strip()):
                yield reader.line_num, record
    except csv.Error as error:
        raise DataError(f"{source}:{reader.line_num}: not valid CSV: {error}") from None


def _line(text: str, sep: str, row: int) -> int:
    for number, (line, _) in enumerate(_records(text, sep, "")):
        if number == row + 1:
            return line
    return 0


def _frame(text: str, sep: str, header: list[str], names: set[str], source: str) -> pandas.DataFrame:
    import pandas

    try:
        frame: pandas.DataFrame = pandas.read_csv(
            io.StringIO(text),
            sep=sep,
            header=0,
            names=header,
            index_col=False,
            dtype=dict.fromkeys(names, str),
            keep_default_na=False,
            na_values={name: [""] if name in names else list(MISSING) for name in header},
            skipinitialspace=True,
            **_exact(pandas.__version__),
            low_memory=False,
        )
    except (ValueError, OverflowError) as error:
        raise DataError(f"{source}: {error}") from None
    return frame


def _exact(version: str) -> dict[str, Any]:
    """Floats read back as they were written: the only way since pandas 3.1, to be asked for before."""
    older = tuple(int(part) for part in version.split(".")[:2]) < (3, 1)
    return {"float_precision": "round_trip"} if older else {}


def _short(line: str) -> str:
    return repr(line if len(line) <= 42 else line[:39] + "...")
