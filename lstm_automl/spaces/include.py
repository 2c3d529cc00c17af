"""A space file and all it includes, merged: a file's own parameters override the included ones."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.resources.abc import Traversable

from lstm_automl import plugins
from lstm_automl.errors import did_you_mean
from lstm_automl.spaces import catalog
from lstm_automl.spaces.catalog import Location
from lstm_automl.spaces.document import SIZE_LIMIT, Document, parse
from lstm_automl.spaces.grammar import BlockFile, SpaceFile, is_block_name
from lstm_automl.spaces.ranges import Declared, declare
from lstm_automl.spaces.space import Value
from lstm_automl.spaces.validating import validated


@dataclass
class Gathered:
    """What one file and its includes declare.

    Args:
        document: The file itself.
        documents: Every file read, by source, the file itself first: they hold the mistakes.
        task: As written; None where it is missing or wrong.
        first: Values of the first trials, as written.
    """

    document: Document
    documents: dict[str, Document]
    task: str | None = None
    declared: dict[str, Declared] = field(default_factory=dict)
    first: list[dict[str, Value]] = field(default_factory=list)


def gather(content: bytes, source: str, folder: Traversable | None) -> Gathered:
    """Read a space from its bytes; mistakes are left in ``documents``."""
    document = parse(content, source)
    gathered = Gathered(document, {source: document})
    file = _file(document, SpaceFile)
    if file is not None:
        _check_task(file, document)
        task = getattr(file, "task", "")
        gathered.task = task if task in plugins.names("task") else None
        gathered.first = getattr(file, "first", [])
        gathered.declared = _merge(file, document, folder, gathered, (source,))
    return gathered


def read(location: Location) -> bytes:
    """The bytes of a file, not more than can be a space; OSError where it cannot be read."""
    with location.file.open("rb") as stream:
        return stream.read(SIZE_LIMIT + 1)


def _file(document: Document, model: type[BlockFile]) -> BlockFile | None:
    """The file as far as it can be read: of what is wrong inside it, the rest is still looked at."""
    if document.data is None:
        return None
    if not isinstance(document.data, dict):
        document.report((), "expected a mapping with `task:` and `parameters:` at the top")
        return None
    if not set(document.data) & {*SpaceFile.model_fields, *document.broken}:
        document.report((), "none of `task:`, `include:`, `parameters:` is in it: not a search space")
        return None
    if (file := validated(model, document.data, document)) is not None:
        return file
    include, parameters = document.data.get("include"), document.data.get("parameters")
    task = document.data.get("task")
    return SpaceFile.model_construct(
        task=task if isinstance(task, str) else "",
        include=[_name(n) for n in include] if isinstance(include, list) else [],
        parameters=parameters if isinstance(parameters, dict) else {},
        first=[],
    )


def _name(item: object) -> str:
    """An item of ``include``; empty, and passed over, where it can be no name: the places of others stay."""
    return item if isinstance(item, str) and is_block_name(item) else ""


def _check_task(file: BlockFile, document: Document) -> None:
    valid = plugins.names("task")
    task = getattr(file, "task", "")
    if task and task not in valid:
        document.report(("task",), f"unknown task {task!r}{did_you_mean(task, valid)}")


def _merge(
    file: BlockFile, document: Document, folder: Traversable | None, gathered: Gathered, chain: tuple[str, ...]
) -> dict[str, Declared]:
    """Everything ``file`` can see: included first, its own in place of them."""
    scope: dict[str, Declared] = {}
    for i, name in enumerate(file.include):
        path = ("include", i)
        if not name:
            continue
        if name in file.include[:i]:
            document.report(path, f"{name!r} is included twice")
            continue
        location = catalog.find_include(name, folder)
        if location is None:
            hint = did_you_mean(name, catalog.include_names(folder))
            document.report(path, f"unknown block {name!r}{hint}")
        elif str(location.file) in chain:
            names = [str(c).rsplit("/", 1)[-1] for c in (*chain[chain.index(str(location.file)) :], location.file)]
            document.report(path, f"include goes in a circle: {' -> '.join(names)}")
        else:
            scope.update(_block(location, gathered, chain))
    for name, data in file.parameters.items():
        own = declare(name, data, document, ("parameters", name), scope)
        included = scope.get(name)
        if own is not None:
            bare = not isinstance(data, dict)
            scope[name] = _held(own, included) if bare and included is not None else own
        elif included is None:  # wrong, and reported: known by name, so that nothing else is said of it
            gathered.document.broken.add(name)
    return scope


def _block(location: Location, gathered: Gathered, chain: tuple[str, ...]) -> dict[str, Declared]:
    source = str(location.file)
    first = source not in gathered.documents
    document = gathered.documents.setdefault(source, Document(source))
    if first:
        try:
            parsed = parse(read(location), source)
        except OSError as error:
            parsed = Document(source)
            parsed.report_at(0, 0, f"cannot be read: {error.strerror or error}")
        document = gathered.documents[source] = parsed
    known = len(document.mistakes)
    data = document.data
    file = _file(document, SpaceFile if isinstance(data, dict) and "task" in data else BlockFile)
    if file is None:
        return {}
    task = getattr(file, "task", None)
    if task and gathered.task and task != gathered.task:
        document.report(("task",), f"a space for {task}, included in one for {gathered.task}")
    scope = _merge(file, document, location.folder, gathered, (*chain, source))
    if not first:  # the same mistakes were reported when it was read first
        del document.mistakes[known:]
    return scope


def _held(own: Declared, included: Declared) -> Declared:
    """A bare value over an included parameter holds it there, under the conditions it had."""
    parameter = replace(own.parameter, when=included.parameter.when)
    return replace(
        own,
        parameter=parameter,
        per_layer=included.per_layer,
        conditions_of=included.conditions_of or included,
    )
