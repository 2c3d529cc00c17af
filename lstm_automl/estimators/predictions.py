"""A model's outputs as a table of plain cells: any file format holds it, every number whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.tasks.series_rows import past_lengths, series_names

if TYPE_CHECKING:
    import pandas as pd

    from lstm_automl.data.sequences import Sequences

Array = NDArray[Any]


def as_table(columns: Mapping[str, Array], data: Sequences, info: Mapping[str, Any]) -> pd.DataFrame:
    """One row a sequence; of forecasts one row a sequence and step, a column a target.

    Args:
        columns: The task's output, ``(n, ...)`` each. ``(n, horizon)`` and ``(n, horizon, targets)`` are forecasts;
            any other array is spread over columns ``NAME_0``, ``NAME_1`` ...
        data: What was asked about.
        info: Facts of the training frame.

    Returns:
        ``id`` where the data names its sequences; of forecasts ``id``, ``step`` from 1 and, where the data has
        times, ``time`` (empty where the rows are not evenly spaced; in UTC where the data gives offsets); then the
        columns.
    """
    import pandas as pd

    horizon = int(info.get("horizon") or 0)
    ahead = {name: v for name, v in columns.items() if horizon and v.ndim in (2, 3) and v.shape[1] == horizon}
    n = len(next(iter(columns.values())))
    if not ahead:
        flat = _spread(columns)
        if data.ids is not None and "id" not in flat and len(data.ids) == n:
            flat = {"id": data.ids, **flat}
        return pd.DataFrame(flat)
    table: dict[str, Any] = {"id": np.repeat(series_names(data), horizon), "step": np.tile(np.arange(horizon) + 1, n)}
    if data.times is not None:
        ahead_of = pd.Series(np.concatenate([_times_ahead(rows, horizon) for rows in _past_and_future(data)]))
        table["time"] = ahead_of.dt.tz_localize("UTC") if data.times_in_utc else ahead_of
    for name, values in ahead.items():
        for target, column in _named(name, values, info).items():
            table[target if target not in table else f"{target}_{name}"] = column
    rest = _spread({name: v for name, v in columns.items() if name not in ahead})
    return pd.DataFrame(table | {name: np.repeat(v, horizon) for name, v in rest.items()})


def _spread(columns: Mapping[str, Array]) -> dict[str, Array]:
    flat: dict[str, Array] = {}
    for name, v in columns.items():
        wide = v.reshape(len(v), -1)
        flat |= {name: v} if v.ndim == 1 else {f"{name}_{i}": wide[:, i] for i in range(wide.shape[1])}
    return flat


def _named(name: str, values: Array, info: Mapping[str, Any]) -> dict[str, Array]:
    """``(n * horizon,)`` numbers of each target; the forecast itself has the targets' names."""
    targets = [str(t) for t in info.get("targets", ())]
    wide = values.reshape(values.shape[0] * values.shape[1], -1)
    if len(targets) != wide.shape[1]:
        targets = [str(i) for i in range(wide.shape[1])]
        return {f"{name}_{t}" if len(targets) > 1 else name: wide[:, i] for i, t in enumerate(targets)}
    return {t if name == "prediction" else f"{t}_{name}": wide[:, i] for i, t in enumerate(targets)}


def _past_and_future(data: Sequences) -> list[tuple[Array, Array]]:
    """Times of each series up to its last target, and of the rows after it."""
    assert data.times is not None
    ends = data.offsets[:-1] + past_lengths(data)
    return [
        (data.times[start:end], data.times[end:stop])
        for start, end, stop in zip(data.offsets[:-1], ends, data.offsets[1:], strict=True)
    ]


def _times_ahead(rows: tuple[Array, Array], horizon: int) -> Array:
    """The times of the steps: those of the future rows, else as evenly on as the past; missing where it is uneven."""
    past, future = rows
    if len(future) >= horizon:
        return future[:horizon]
    if not np.issubdtype(past.dtype, np.datetime64):
        gaps = np.diff(past)
        even = len(gaps) and np.allclose(gaps, gaps[0], rtol=1e-9, atol=0)
        return past[-1] + gaps[0] * np.arange(1, horizon + 1) if even else np.full(horizon, np.nan)
    import pandas as pd

    every = pd.DatetimeIndex(past, freq="infer").freq if len(past) > 2 else None  # months, working days as well
    if every is None:
        return np.full(horizon, np.datetime64("NaT"), dtype=past.dtype)
    return pd.date_range(past[-1], periods=horizon + 1, freq=every)[1:].to_numpy().astype(past.dtype)
