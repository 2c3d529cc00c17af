"""What users give a loaded model, with the names that its training data had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError
from lstm_automl.models.served import to_sequences

Info = Mapping[str, Any]


def served(X: Any, info: Info) -> Sequences | None:
    """A DataFrame with a column ``sequence``, its other columns found by their names; None for anything else.

    Raises:
        DataError: a column of training is missing.
    """
    return to_sequences(X, info) if hasattr(X, "columns") and "sequence" in X.columns else None


def named(data: Sequences, info: Info) -> Sequences:
    """Arrays with the channels of training, in order.

    Raises:
        DataError: their number differs, or the model reads columns that arrays do not have.
    """
    channels = list(info["channels"])
    _arrays_suffice(info)
    if len(data.channels) != len(channels):
        raise DataError(f"X has {len(data.channels)} features; the model reads {len(channels)} ({', '.join(channels)})")
    return replace(data, channels=tuple(channels))


def series(data: Sequences, info: Info) -> Sequences:
    """Series from arrays (targets, then observed, then known ones) with the channels of training.

    Raises:
        DataError: the number of targets, observed or known columns differs.
    """
    _arrays_suffice(info)
    channels, targets = list(info["channels"]), list(info["target_channels"])
    known = [c for c in info["known_channels"] if c < len(channels)]
    observed = [c for c in range(len(channels)) if c not in (*targets, *known)]
    k, c = len(data.target_channels), len(data.known_channels)
    given = {"y": k, "observed": len(data.channels) - k - c, "known": c}
    for (what, found), wanted in zip(given.items(), (targets, observed, known), strict=True):
        if found != len(wanted):
            names = ", ".join(channels[i] for i in wanted) or "none"
            raise DataError(f"{what}: {found} columns; the model was trained on {len(wanted)} ({names})")
    return replace(data, channels=tuple(channels[i] for i in (*targets, *observed, *known)))


def _arrays_suffice(info: Info) -> None:
    more = [*info["static_names"], *info["vocabulary"]]
    if more:
        raise DataError(
            f"the model also reads {', '.join(map(repr, more))}: give a DataFrame with a column 'sequence' and these, "
            "or Sequences"
        )
