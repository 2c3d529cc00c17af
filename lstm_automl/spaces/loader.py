"""From a YAML file to a ``Space``: all mistakes of file, blocks and ``--set`` at once; nothing heavy imported."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

from lstm_automl.errors import Mistake, SpaceError, did_you_mean
from lstm_automl.spaces import catalog, conditions, layers, settings, unread
from lstm_automl.spaces.document import Document, raise_for
from lstm_automl.spaces.include import Gathered, gather, read
from lstm_automl.spaces.ranges import Declared
from lstm_automl.spaces.space import Parameter, Space
from lstm_automl.spaces.vocabulary import shown


def load(path_or_name: str | Path, *, overrides: settings.Overrides | None = None, task: str | None = None) -> Space:
    """The search space of that file, checked.

    Args:
        path_or_name: A shipped space by its name, or a YAML file.
        overrides: ``--set``: values at which parameters are held; text is read as YAML reads it.
        task: The task it must be for; None: any.

    Raises:
        UnknownNameError: when it is neither a shipped name nor a path.
        SpaceError: with all mistakes, each with file, line and column.

    >>> load("classification", overrides={"units": "32"}).defaults()["units"]
    32
    """
    location = catalog.find(path_or_name)
    try:
        content = read(location)
    except OSError as error:
        problem = "is a directory" if location.file.is_dir() else error.strerror or str(error)
        raise SpaceError([Mistake(str(location.file), 0, 0, f"cannot be read: {problem}")]) from None
    return _build(content, str(location.file), location.folder, overrides or {}, task, location.name)


def loads(
    text: str,
    *,
    source: str = "<space>",
    overrides: settings.Overrides | None = None,
    task: str | None = None,
    name: str = "",
) -> Space:
    """The search space of this YAML text; it can include shipped blocks only.

    Args:
        text: YAML.
        source: What messages call it.
        overrides, task: As of :func:`load`.
        name: Of the space.

    Raises:
        SpaceError: with all mistakes, each with its line and column.

    >>> space = loads("task: classification\\nparameters: {units: {type: int, min_value: 8, max_value: 16}}")
    >>> space.parameters["units"].default
    8
    """
    return _build(text.encode("utf-8", "surrogatepass"), source, None, overrides or {}, task, name)


def _build(
    content: bytes,
    source: str,
    folder: Traversable | None,
    overrides: settings.Overrides,
    task: str | None,
    name: str,
) -> Space:
    gathered = gather(content, source, folder)
    document = gathered.document
    if task is not None and gathered.task not in (None, task):
        document.report(("task",), f"a space for {gathered.task}; this is a search for {task}")
    declared = _check(gathered)
    settled: list[Document] = []
    if gathered.task is not None:
        declared, settled = settings.apply(declared, overrides, gathered.task)
        layers.check({n: declared[n] for n in overrides if n in declared}, declared, document.broken)
    raise_for([*gathered.documents.values(), *settled])
    assert gathered.task is not None
    kept, closure = conditions.reachable(layers.expand(declared))
    held = {n: d for n, d in kept.items() if d.document in settled}
    unread.check_read(gathered.task, held, kept, closure, set())
    raise_for(settled)
    return Space(gathered.task, {n: d.parameter for n, d in kept.items()}, name, tuple(gathered.first))


def _check(gathered: Gathered) -> dict[str, Declared]:
    """All checks of the files as written; what is wrong is left out of later checks, so that it is reported once."""
    declared, broken, task = gathered.declared, gathered.document.broken, gathered.task
    wrong = unread.check_names(task, declared)
    broken |= wrong
    declared = {n: d for n, d in declared.items() if n not in wrong}
    conditions.check(declared, broken)
    wrong = layers.check(declared, declared, broken)
    declared = {n: d for n, d in declared.items() if n not in wrong}
    if task is None:
        return declared
    clean = not any(d.mistakes for d in gathered.documents.values())
    expanded = layers.expand(declared)
    kept, closure = conditions.reachable(expanded)
    unread.check_read(task, kept, kept, closure, broken)
    if clean:
        _check_first(gathered, {n: d.parameter for n, d in kept.items()})
    for name, d in expanded.items():
        if clean and name not in kept and d.document is gathered.document and d.conditions_of is None:
            d.report(f"{name!r} can never be active: its conditions exclude each other", "when", key=True)
    return declared


def _check_first(gathered: Gathered, parameters: Mapping[str, Parameter]) -> None:
    """Every value of ``first:`` is one that the file's own parameter can take."""
    for i, entry in enumerate(gathered.first):
        for name, value in entry.items():
            if name not in parameters:
                hint = did_you_mean(name, parameters)
                gathered.document.report(("first", i, name), f"no parameter {name!r} in this space{hint}", key=True)
            elif not parameters[name].contains(value):
                gathered.document.report(("first", i, name), f"{shown(value)} is outside the range of {name!r}")
