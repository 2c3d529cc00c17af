"""Where searches and models are found by name."""

from __future__ import annotations

import json
from pathlib import Path

from lstm_automl.errors import UsageError, did_you_mean

REQUEST = "request.json"


def searches(home: str) -> list[Path]:
    """Folders of searches, by name."""
    root = Path(home)
    return sorted(p.parent for p in root.glob(f"*/{REQUEST}")) if root.is_dir() else []


def search_folder(name: str, home: str) -> Path:
    """The folder of the search ``name``.

    Raises:
        UsageError: there is none; the nearest name is said.
    """
    folder = Path(home) / name
    if name and (folder / REQUEST).is_file():
        return folder
    there = [p.name for p in searches(home)]
    hint = did_you_mean(name, there) if there else f" (no search in {home}; give --home)"
    raise UsageError(f"no search named {name!r}{hint}")


def executor_of(folder: Path) -> str:
    """Where a search was last run; a request that cannot be read is refused by who needs all of it."""
    try:
        return str(json.loads((folder / REQUEST).read_text())["settings"]["executor"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "local"
