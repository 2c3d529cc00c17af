"""From series to the channels a network reads, and the table of forecast origins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.combine import per_step
from lstm_automl.data.encode import encode
from lstm_automl.data.frame import Field, Frame
from lstm_automl.data.sequences import Sequences
from lstm_automl.data.split import Index
from lstm_automl.errors import DataError
from lstm_automl.tasks.framing import input_fields, training_info
from lstm_automl.tasks.scaling import moments
from lstm_automl.tasks.series_rows import head, past_lengths, series_names, target_positions

Info = Mapping[str, Any]


def channel_info(data: Sequences, fitted: Index) -> dict[str, Any]:
    """Channels, vocabularies and missing-value channels, decided on the first ``fitted[i]`` rows of each series.

    ``scaled_by`` is the deviation of each target there: ``*_scaled`` metrics are on this one scale, for the validation
    and the test part alike, whatever rows the scored model was fitted on.
    """
    seen = head(data, fitted)
    info = training_info(seen, np.arange(len(data), dtype=np.int64))
    targets = target_positions(data)
    first_rows = head(data, np.ones(len(data), dtype=np.int64))
    return {
        **info,
        "target_channels": list(targets),
        "targets": [data.channels[c] for c in targets],
        "known_channels": list(encode(first_rows, info["vocabulary"]).known_channels),
        "known_categories": list(data.known_categories),
        "static_categories": list(data.static_categories),
        "step_categories": [c for c in data.categories if per_step(data, c)],
        "scaled_by": moments(seen.values, np.arange(len(seen.values)))[1][list(targets)].tolist(),
    }


def make_frame(data: Sequences, examples: Mapping[str, Index], info: Info) -> Frame:
    """The frame of these origins, in the channels of training."""
    fields = input_fields(data, info)
    if data.weights is not None:
        fields["weight"] = Field(np.asarray(data.weights, dtype=np.float64)[examples["sequence"]])
    return Frame(fields, dict(examples), {**info, "series": series_names(data)})


def every_origin(data: Sequences, horizon: int, history: int) -> dict[str, Index]:
    """All origins with ``history`` rows behind and ``horizon`` rows ahead whose targets are all known."""
    counts = np.maximum(0, data.lengths - horizon - history + 1)
    sequence = np.repeat(np.arange(len(data)), counts)
    step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + history
    low = data.offsets[:-1][sequence]
    end = low + step
    missing = np.isnan(data.values[:, list(target_positions(data))]).any(axis=1)
    holes = np.concatenate([[0], np.cumsum(missing)])
    whole = holes[end + horizon] == holes[end]
    return _examples(sequence[whole], low[whole], end[whole])


def last_origins(data: Sequences, info: Info, *, allow_nan: bool) -> dict[str, Index]:
    """One origin a series, after its last row with a target.

    Raises:
        DataError: too few rows behind, or too few future rows of the covariates known ahead.
    """
    past, horizon, names = past_lengths(data), int(info["horizon"]), series_names(data)
    for i in np.flatnonzero(past < 2).tolist():
        raise DataError(
            f"{data.source}: series {names[i]!r} has {past[i]} rows; at least 2 are needed to forecast from"
        )
    end = data.offsets[:-1] + past
    if info["known_channels"]:
        named = list(data.known_channels)
        for i, start in enumerate(end):
            ahead = data.values[start : data.offsets[i + 1], named][:horizon]
            blank = np.isnan(ahead).any(axis=1) if not allow_nan else np.zeros(len(ahead), bool)
            given = int(np.argmax(blank)) if blank.any() else len(ahead)
            if given < horizon:
                what = ", ".join(map(repr, [*(data.channels[c] for c in named), *data.known_categories]))
                raise DataError(
                    f"{data.source}: series {names[i]!r} needs {horizon} future rows of {what} (known ahead, targets "
                    f"left empty) after its last row; it has {given}"
                )
    return _examples(np.arange(len(data)), data.offsets[:-1], end)


def _examples(sequence: NDArray[Any], low: NDArray[Any], end: NDArray[Any]) -> dict[str, Index]:
    columns = {"sequence": sequence, "low": low, "end": end}
    return {name: np.ascontiguousarray(column, dtype=np.int64) for name, column in columns.items()}
