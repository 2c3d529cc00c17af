"""The served form of a request: a table with one row a sequence, nested lists in its cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.sequences import Sequences
from lstm_automl.data.table import as_texts
from lstm_automl.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Info = Mapping[str, Any]
SOURCE = "table"


def to_sequences(table: pd.DataFrame, info: Info) -> Sequences:
    """The sequences of a table.

    Args:
        table: Column ``sequence``: nested lists ``(time, channels)``, or ``(time,)`` where there is one channel;
            None or NaN is missing. One column for each static or categorical column of training, a list a cell
            where it varies over time. Others are ignored.
        info: Facts of the training frame.

    Raises:
        DataError: naming the column or the row.
    """
    channels, names = tuple(info["channels"]), list(info["static_names"])
    per_step, per_sequence = list(info["step_categories"]), list(info["static_categories"])
    for name in ["sequence", *names, *per_step, *per_sequence]:
        if name not in table.columns:
            raise DataError(f"{SOURCE}: column {name!r} is missing (columns: {', '.join(map(str, table.columns))})")
    parts = [_matrix(cell, row, len(channels)) for row, cell in enumerate(table["sequence"])]
    lengths = [len(p) for p in parts]
    categories = {name: _per_step(table[name], lengths, name) for name in per_step}
    categories |= {name: as_texts(table[name]) for name in per_sequence}
    return Sequences(
        values=np.concatenate(parts) if parts else np.empty((0, len(channels))),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        channels=channels,
        target_channels=tuple(info.get("target_channels") or ()),
        known_channels=tuple(c for c in info.get("known_channels") or () if c < len(channels)),
        static=_static(table, names) if names else None,
        static_names=tuple(names),
        categories=categories,
        static_categories=tuple(per_sequence),
        known_categories=tuple(info.get("known_categories") or ()),
        source=SOURCE,
    )


def _matrix(cell: Any, row: int, width: int) -> NDArray[np.float64]:
    try:
        steps = [np.atleast_1d(np.array(step, dtype=np.float64)) for step in cell]
        matrix = np.stack(steps) if steps else np.empty((0, width))
    except (TypeError, ValueError) as error:
        raise DataError(f"{SOURCE}: row {row}: 'sequence' is not a list of (time, {width}) numbers ({error})") from None
    if matrix.ndim != 2 or matrix.shape[1] != width:
        raise DataError(f"{SOURCE}: row {row}: 'sequence' has shape {matrix.shape}; the model reads (time, {width})")
    return matrix


def _static(table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    try:
        return np.stack([table[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in names], axis=1)
    except (TypeError, ValueError) as error:
        raise DataError(f"{SOURCE}: columns {', '.join(names)} must hold numbers ({error})") from None


def _per_step(column: pd.Series[Any], lengths: Sequence[int], name: str) -> NDArray[np.str_]:
    cells = [list(cell) if isinstance(cell, (list, tuple)) or np.ndim(cell) else [cell] for cell in column]
    for row, (cell, length) in enumerate(zip(cells, lengths, strict=True)):
        if len(cell) != length:
            raise DataError(f"{SOURCE}: row {row}: {name!r} has {len(cell)} steps, 'sequence' has {length}")
    return as_texts(step for cell in cells for step in cell)
