"""From sequences to the input fields of a frame: what classification and regression share.

Channels in order: those of the data; one 0/1 channel a value of each categorical column that varies over time; one 0/1
channel "was missing" for each channel that misses values (``allow_nan``). The columns are those of the training and
validation part, on which the final model is trained; what the training part of a fold never saw, its scaling takes to
zero, as all zeros stand for a category that neither part has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.checks import check_finite, check_given
from lstm_automl.data.combine import combine, per_step, rows_of, same_channels
from lstm_automl.data.encode import encode, fit_vocabulary
from lstm_automl.data.frame import Field, Frame
from lstm_automl.data.sequences import Sequences
from lstm_automl.data.split import Index
from lstm_automl.errors import DataError
from lstm_automl.tasks.scaling import moments, training_rows

Array = NDArray[Any]


def check_inputs(data: Sequences, *, allow_nan: bool) -> None:
    """Refuse sequences without steps and values that are infinite or, unless allowed, missing.

    Raises:
        DataError: naming source, sequence, step and channel of the first one.
    """
    if not len(data):
        raise DataError(f"{data.source}: no sequences")
    if not data.values.shape[1] and not data.categories:
        raise DataError(f"{data.source}: no channels; at least one column of values is needed")
    if np.any(data.lengths == 0):
        raise DataError(f"{data.source}: {named(data, int(np.argmin(data.lengths)))} has no steps")
    check_finite(data.values, lambda row, k: _of_step(data, row, data.channels[k], "channel"), allow_nan=allow_nan)
    if data.static is not None:
        check_finite(data.static, lambda i, k: _of_sequence(data, i, data.static_names[k]), allow_nan=allow_nan)
    for name, values in () if allow_nan else data.categories.items():
        check_given(values, partial(_of_step if per_step(data, name) else _of_sequence, data, name=name))


def _of_step(data: Sequences, row: int, name: str, what: str = "categorical column") -> str:
    i = int(np.searchsorted(data.offsets, row, side="right")) - 1
    return f"{data.source}: {named(data, i)}, step {row - int(data.offsets[i])}, {what} {name!r}"


def _of_sequence(data: Sequences, i: int, name: str) -> str:
    return f"{data.source}: {named(data, i)}, static column {name!r}"


def named(data: Sequences, i: int) -> str:
    """Sequence i as a message calls it."""
    return f"sequence {i}" if data.ids is None else f"sequence {data.ids[i]!s}"


def joined(files: Sequence[Sequences]) -> Sequences:
    """All files as one; where only some have sample weights, a sequence of the others weighs 1."""
    if any(f.weights is not None for f in files):
        files = [replace(f, weights=np.ones(len(f))) if f.weights is None else f for f in files]
    return combine(files)


def training_info(data: Sequences, sequences: Index) -> dict[str, Any]:
    """JSON facts of the sequences that the final model is trained on: enough to frame unseen data alike."""
    missing = np.isnan(data.values[rows_of(data, sequences)]).any(axis=0)
    vocabulary = fit_vocabulary(data, sequences=sequences)
    return {
        "channels": list(data.channels),
        "static_names": list(data.static_names),
        "vocabulary": vocabulary,
        "step_categories": [name for name in vocabulary if per_step(data, name)],
        "static_categories": [name for name in vocabulary if not per_step(data, name)],
        "indicators": np.flatnonzero(missing).tolist(),
    }


def input_fields(data: Sequences, info: Mapping[str, Any]) -> dict[str, Field]:
    """Fields ``x``, and ``static`` and ``weight`` where there are any.

    Raises:
        DataError: when columns differ from those of training.
    """
    if not same_channels(data.channels, info["channels"]):
        _same(data, "channels", data.channels, info["channels"])
    _same(data, "static columns", data.static_names, info["static_names"])
    _same(data, "categorical columns", sorted(data.categories), sorted(info["vocabulary"]))
    coded = encode(data, info["vocabulary"]) if info["vocabulary"] else data
    x, dtype = coded.values, data.values.dtype
    if info["indicators"]:
        x = np.concatenate([x, np.isnan(data.values[:, info["indicators"]]).astype(dtype)], axis=1)
    fields = {"x": Field(x, data.offsets)}
    if coded.static is not None:
        fields["static"] = Field(np.asarray(coded.static, dtype))
    if data.weights is not None:
        fields["weight"] = Field(np.asarray(data.weights, dtype))
    return fields


def whole_sequences(data: Sequences) -> dict[str, Index]:
    """One example a sequence, from its first row to its last."""
    numbers = np.arange(len(data), dtype=np.int64)
    return {"sequence": numbers, "low": data.offsets[:-1].copy(), "end": data.offsets[1:].copy()}


def input_scaling(frame: Frame, train: Index) -> dict[str, Array]:
    """``x_mean``, ``x_std`` over the training rows, ``static_mean``, ``static_std`` over the training sequences.

    Channels of zeros and ones keep their scale, if training has a one.
    """
    plain = len(frame.info["channels"])
    arrays: dict[str, Array] = {}
    keep = range(plain, frame.features)
    arrays["x_mean"], arrays["x_std"] = moments(frame.fields["x"].values, training_rows(frame, train), keep)
    if "static" in frame.fields:
        sequences = np.unique(frame.examples["sequence"][train])
        keep = range(len(frame.info["static_names"]), frame.static)
        arrays["static_mean"], arrays["static_std"] = moments(frame.fields["static"].values, sequences, keep)
    return arrays


def _same(data: Sequences, what: str, found: Sequence[str], wanted: Sequence[str]) -> None:
    if list(found) != list(wanted):
        raise DataError(
            f"{data.source}: {what} are {', '.join(map(str, found)) or 'none'}; "
            f"the model was trained on {', '.join(map(str, wanted)) or 'none'}"
        )
