"""Load: a file into sequences, by the reader of its suffix."""

from __future__ import annotations

import difflib
from pathlib import Path

from lstm_automl import plugins
from lstm_automl.data.options import DataOptions, Kind
from lstm_automl.data.readers import Reader
from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError

ALIASES = {"tsv": "csv", "txt": "csv", "pq": "parquet"}
"""Suffixes read by a reader of another name."""

PACKED = ("csv", "ts")
"""Readers that unpack ``.gz`` themselves."""

COLUMNLESS = ("npz", "ts")
"""Readers of files whose parts have fixed names: there is no column to be named."""


def load(path: Path | str, options: DataOptions, *, kind: Kind, labelled: bool = True) -> Sequences:
    """Read one file.

    Args:
        path: ``.csv``, ``.tsv``, ``.txt``, ``.ts`` (each also ``.gz``), ``.parquet``, ``.npz``, or what
            another distribution's reader is named after.
        options: What its columns mean.
        kind: ``"label"``, ``"value"`` or ``"series"``.
        labelled: False: targets may be absent (prediction).

    Raises:
        DataError: naming file, row and column.
    """
    path = Path(path)
    _check_file(path)
    reader: Reader = plugins.load("reader", _reader_of(path))
    return reader(path, options, kind=kind, labelled=labelled)


def options_for(path: Path | str, options: DataOptions, *, series: bool) -> DataOptions:
    """Options that name the columns of a training file, for another file that may have none.

    A model of a table also reads arrays; what the columns of the table were called says nothing there. Groups and
    sample weights are for training: a table may lack them.

    Args:
        path: The other file.
        options: Of the first.
        series: Whether arrays are read as series, of which channels can be named.
    """
    try:
        reader = _reader_of(Path(path))
    except DataError:  # whoever reads it says so
        return options
    if reader not in COLUMNLESS:
        return options.for_another()
    kept = {"allow_nan", "layout", *(("target", "known") if series else ())}
    fields = DataOptions.model_fields.items()
    return options.model_copy(update={k: field.get_default() for k, field in fields if k not in kept})


def _check_file(path: Path) -> None:
    try:
        folder = path.is_dir()
        if path.exists() and not folder:
            return
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    except (OSError, ValueError) as error:
        raise DataError(f"{str(path)[:200]!r}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if folder:
        raise DataError(f"{path}: is a folder; name one file in it")
    from lstm_automl.data import builtin

    sets = () if path.suffix else ("demo", *builtin.NAMES)
    near = difflib.get_close_matches(path.name, [*siblings, *sets], n=1)
    raise DataError(f"{path}: no such file" + (f"; did you mean {near[0]!r}?" if near else ""))


def _reader_of(path: Path) -> str:
    suffixes = [suffix.lstrip(".").lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == ["gz"]
    suffix = (suffixes[:-1] if packed else suffixes)[-1:]
    name = ALIASES.get(suffix[0], suffix[0]) if suffix else ""
    known = plugins.names("reader")
    if name not in known:
        raise DataError(
            f"{path.name}: no reader for {'.' + suffix[0] if suffix else 'a name without suffix'} "
            f"(there are: {', '.join('.' + n for n in known)}; .tsv and .txt as .csv)"
        )
    if packed and name not in PACKED:
        raise DataError(f"{path.name}: .{name} files are compressed already; unpack it first")
    return name
