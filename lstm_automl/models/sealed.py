"""The files of a bundle under their hashes: nothing is opened that is not byte for byte what was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lstm_automl.errors import StateError

FORMAT = 1
ABOUT, STATE, NETWORK, HASHES = "bundle.json", "state.npz", "model.keras", "sha256.json"


def contents(folder: Path) -> dict[str, bytes]:
    """The content of each file, by name, after its hash was found right.

    Raises:
        StateError: a file is missing or damaged.
    """
    try:
        known = json.loads((folder / HASHES).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise StateError(f"{folder / HASHES}: not a model bundle ({error})") from None
    found = {}
    for name in (ABOUT, STATE, NETWORK):
        try:
            found[name] = (folder / name).read_bytes()
        except OSError as error:
            raise StateError(f"{folder / name}: {error.strerror or error}") from None
        if not isinstance(known, dict) or known.get(name) != hashlib.sha256(found[name]).hexdigest():
            raise StateError(f"{folder / name}: damaged or changed (its hash is not the one in {HASHES})")
    return found


def about(folder: Path, content: bytes) -> dict[str, Any]:
    """The facts in ``bundle.json``.

    Raises:
        StateError: they are not readable, or of another format.
    """
    try:
        info = json.loads(content)
        found = info["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StateError(f"{folder / ABOUT}: not readable ({error})") from None
    if found != FORMAT:
        raise StateError(
            f"{folder / ABOUT}: bundle format {found}; this version reads format {FORMAT}: upgrade lstm_automl"
        )
    return dict(info)


def hashes(files: Mapping[str, bytes]) -> bytes:
    """What ``sha256.json`` holds for files of these contents."""
    return as_json({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})


def as_json(data: Mapping[str, Any]) -> bytes:
    """A JSON file; equal data, equal bytes."""
    return json.dumps(data, indent=1, sort_keys=True).encode()
