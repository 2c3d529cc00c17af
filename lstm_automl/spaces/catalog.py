"""Where spaces are: the shipped ones by name, a user's by path."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from lstm_automl.errors import UnknownNameError


@dataclass(frozen=True)
class Location:
    """A file of a space or block.

    Args:
        file: What to read.
        name: File name without ``.yaml``.
        folder: Where its own ``blocks/`` are; None: only the shipped ones.
    """

    file: Traversable
    name: str
    folder: Traversable | None


def shipped() -> Traversable:
    """The folder of the shipped spaces that goes with this very code, whatever else is installed.

    Inside the package as installed, beside it in a checkout; by the import system where neither is a folder (zip).
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "search_spaces", package.parent / "search_spaces"):
        if (folder / "blocks").is_dir():
            return folder
    return files("lstm_automl.search_spaces")


def names() -> list[str]:
    """The shipped spaces; the name is that of the task.

    >>> "classification" in names()
    True
    """
    return _yaml_names(shipped())


def block_names() -> list[str]:
    """The shipped blocks."""
    return _yaml_names(shipped() / "blocks")


def find(path_or_name: str | Path) -> Location:
    """A shipped space by its name, or the user's file of that path.

    Raises:
        UnknownNameError: with the nearest name, where it is neither.
    """
    text = str(path_or_name)
    path = Path(text)
    if isinstance(path_or_name, str) and text in names():
        return Location(shipped() / f"{text}.yaml", text, shipped())
    if path.exists() or path.suffix or len(path.parts) != 1:
        return Location(path, path.stem, path.parent)
    raise UnknownNameError("search space", text, names())


def find_include(name: str, folder: Traversable | None) -> Location | None:
    """What ``include: [name]`` means: a block beside the file, a shipped block, a shipped space; None: nothing."""
    root = shipped()
    beside = () if folder is None else ((folder / "blocks", folder),)
    for where, its_folder in (*beside, (root / "blocks", root), (root, root)):
        file = where / f"{name}.yaml"
        if file.is_file():
            return Location(file, name, its_folder)
    return None


def include_names(folder: Traversable | None) -> list[str]:
    """Everything a file in ``folder`` can include."""
    beside = _yaml_names(folder / "blocks") if folder is not None else []
    return sorted({*beside, *block_names(), *names()})


def _yaml_names(folder: Traversable) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))
