"""``result.json``: what a rung leaves in its folder, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lstm_automl.search.contracts import RungResult

RESULT = "result.json"
PROGRESS = "progress.jsonl"
quoted = json.encoder.encode_basestring
"""A text as JSON, as :func:`canonical` writes it."""
_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical(data: Any) -> str:
    """JSON with sorted keys and no spaces: equal data, equal text. NaN is written as ``NaN``.

    >>> canonical({"b": 1, "a": [True, None]})
    '{"a":[true,null],"b":1}'
    """
    return _ENCODE(data)


def checksum(*parts: object) -> str:
    """SHA-256 of the canonical JSON of ``parts``."""
    return digest(canonical(parts))


def digest(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_checked(path: Path, data: Mapping[str, Any], *, durable: bool = True) -> None:
    """Write ``data`` with its checksum; the file is never seen half-written.

    Args:
        path: Of the file.
        data: Plain JSON types.
        durable: Wait until it is on the disk, so that it outlives a power cut too.

    Raises:
        OSError: the disk is full, read-only or gone.
    """
    temporary, text = path.with_name(f".{path.name}.{os.getpid()}"), canonical(data)
    with temporary.open("w", encoding="utf-8") as file:
        file.write(f'{{"checksum":"{digest(f"[{text}]")}","data":{text}}}')
        if durable:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)


def read_checked(path: Path) -> dict[str, Any] | None:
    """What :func:`write_checked` wrote, or None for a missing or damaged file."""
    try:
        document = json.loads(path.read_bytes())
        data = document["data"]
        return data if document["checksum"] == checksum(data) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def write_result(folder: Path, result: RungResult) -> None:
    """Leave ``result`` in an attempt's folder.

    Raises:
        OSError: the disk is full, read-only or gone.
    """
    write_checked(folder / RESULT, result.to_json())


def epochs_done(folder: Path) -> int:
    """The end of the last epoch that an attempt has noted, 0 without any: more than its worker may have told."""
    try:
        lines = (folder / PROGRESS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return 0
    for line in reversed(lines):
        with contextlib.suppress(ValueError, KeyError, TypeError, OverflowError):  # the last may be cut
            return int(json.loads(line)["epoch"]) + 1
    return 0


def read_result(folder: Path) -> RungResult | None:
    """The result in an attempt's folder; None when there is none or it is damaged."""
    data = read_checked(folder / RESULT)
    if data is None:
        return None
    try:
        return RungResult.from_json(data)
    except (KeyError, TypeError):
        return None
