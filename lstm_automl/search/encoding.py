"""Rows to columns and back; a row whose checksum is wrong reads as None."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.results import canonical, checksum, digest, quoted
from lstm_automl.search.rows import EpochRow, JobRow, spec_from_json, spec_to_json

Columns = Sequence[Any]


def meta_columns(key: str, value: Any) -> Columns:
    """key, value, checksum."""
    text = canonical(value)
    return key, text, checksum(key, text)


def trial_columns(number: int, values: Mapping[str, Any]) -> Columns:
    """number, data, checksum."""
    text = canonical({"number": number, "values": dict(values)})
    return number, text, checksum(number, text)


def spec_text(spec: RungSpec) -> str:
    """A spec as stored."""
    return canonical(spec_to_json(spec))


def job_columns(job: JobRow, data: str) -> Columns:
    """number, data, result, started, ended, checksum; ``data`` is the text of the job's spec."""
    result = None if job.result is None else canonical(job.result.to_json())
    row = (job.number, data, result, job.started, job.ended)
    return *row, checksum(*row)


def epoch_columns(job: int, epoch: Epoch, time: float) -> Columns:
    """job, epoch, data, time, checksum."""
    data = canonical(epoch.to_json())
    return job, epoch.epoch, data, time, _epoch_checksum(job, epoch.epoch, data, time)


def whole_epoch(row: Columns) -> Columns | None:
    """The row of an epoch, or None when it is damaged; from id, job, epoch, data, time, checksum."""
    try:
        return row if row[5] == _epoch_checksum(*row[1:5]) else None
    except (TypeError, ValueError):
        return None


def _epoch_checksum(job: int, epoch: int, data: str, time: float) -> str:
    """As :func:`checksum` of them all, in a third of the time: there are more epochs than anything else."""
    return digest(f"[{job},{epoch},{quoted(data)},{time!r}]")


def read_columns(job: int, results: int) -> Columns:
    """job, results, checksum: how many results the decision on that job was shown."""
    return job, results, checksum(job, results)


def whole(row: Columns) -> bool:
    """Whether the last column is the checksum of the others."""
    try:
        return bool(row[-1] == checksum(*row[:-1]))
    except (TypeError, ValueError):  # bytes where text should be
        return False


def read_trial(row: Columns) -> tuple[int, dict[str, Any]] | None:
    """Number and values."""
    if not whole(row):
        return None
    # names and choices are the same in all trials: one copy of each in memory
    values = json.loads(row[1])["values"].items()
    return row[0], {sys.intern(name): sys.intern(v) if isinstance(v, str) else v for name, v in values}


def read_job(row: Columns) -> JobRow | None:
    """A job."""
    if not whole(row):
        return None
    number, data, result, started, ended = row[:5]
    outcome = None if result is None else RungResult.from_json(json.loads(result))
    return JobRow(number, spec_from_json(json.loads(data)), outcome, started, ended)


def read_epoch(row: Columns) -> EpochRow | None:
    """An epoch, from id, job, epoch, data, time, checksum."""
    if whole_epoch(row) is None:
        return None
    return EpochRow(row[0], row[1], Epoch(**json.loads(row[3])), row[4])
