"""A YAML file as plain data, with the place of every key and value, and the mistakes of its syntax."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, DocumentStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from lstm_automl.errors import Mistake, SpaceError

SIZE_LIMIT = 64 * 1024
"""Bytes of one file. A long space has 5 KB; what is larger is something else."""

DEPTH_LIMIT = 12
"""Levels of nesting; a space needs 5."""

Place = tuple[int, int]
Path = tuple[str | int, ...]

_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq")}
# Stands for what could not be read, up to the parameter that holds it: one mistake, not two.
_UNREAD = object()

_VALUES = YAML(typ="safe", pure=True).constructor
_TABBED = re.compile(r"^[ ]*\t\s*[^\s#]", re.MULTILINE)


@dataclass
class Document:
    """One parsed file.

    Args:
        source: What mistakes call it: a path, or a name in angle brackets.
        data: Plain Python; None where the syntax was wrong.
        mistakes: Of the syntax, to which later checks add theirs.
        broken: Parameters that could not be read: declared, but nothing more is known of them.
    """

    source: str
    data: Any = None
    mistakes: list[Mistake] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    _keys: dict[Path, Place] = field(default_factory=dict)
    _values: dict[Path, Place] = field(default_factory=dict)

    def report(self, path: Path, message: str, *, key: bool = False) -> None:
        """Add a mistake at the value of ``path``, or at its key; at the nearest parent that has a place."""
        places = self._keys if key else self._values
        while path not in places and path:
            path = path[:-1]
        line, column = places.get(path, (0, 0))
        self.report_at(line, column, message)

    def report_at(self, line: int, column: int, message: str) -> None:
        """Add a mistake at a 1-based place; line 0 is the file as a whole."""
        self.mistakes.append(Mistake(self.source, line, column, message))


def parse(content: bytes, source: str) -> Document:
    """Read one file; whatever is wrong with it stands in ``mistakes``."""
    document = Document(source)
    text = _text(content, document)
    if text is not None and not document.mistakes:
        try:
            _read(text, document)
        except YAMLError as error:
            _report_syntax(error, document)
    return document


def raise_for(documents: Mapping[str, Document] | list[Document]) -> None:
    """Raise all mistakes of all documents, in order of files and places."""
    listed = list(documents.values()) if isinstance(documents, Mapping) else documents
    mistakes = [m for d in listed for m in sorted(dict.fromkeys(d.mistakes), key=lambda m: (m.line, m.column))]
    if mistakes:
        raise SpaceError(mistakes)


def _text(content: bytes, document: Document) -> str | None:
    if len(content) > SIZE_LIMIT:
        document.report_at(0, 0, f"larger than {SIZE_LIMIT // 1024} KB: not a search space")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        document.report_at(line, column, f"not UTF-8 (byte 0x{content[error.start]:02x}); save it as UTF-8")
        return None
    for found in _TABBED.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        column = found[0].index("\t") + 1
        document.report_at(line, column, "a tab in the indentation; YAML takes spaces only")
    return text


def _read(text: str, document: Document) -> None:
    if not _check_events(text, document):
        return
    node = YAML(typ="safe", pure=True).compose(text)
    data = None if node is None else _plain(node, (), document)
    if data is None:
        document.report_at(0, 0, "empty; expected `task:` and `parameters:`")
    document.data = None if data is _UNREAD else data


def _check_events(text: str, document: Document) -> bool:
    """Refuse what a space never needs before anything is built from it; no recursion here."""
    depth, documents, found = 0, 0, len(document.mistakes)
    for event in YAML(typ="safe", pure=True).parse(text):
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        if isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > DEPTH_LIMIT:
                document.report_at(line, column, f"more than {DEPTH_LIMIT} levels of nesting")
                return False
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        elif isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                document.report_at(line, column, "a second document (`---`); a space is one document")
        elif isinstance(event, AliasEvent):
            document.report_at(line, column, f"alias `*{event.anchor}`; write it out, or share it by `include`")
            return False
    return len(document.mistakes) == found


def _plain(node: Node, path: Path, document: Document) -> Any:
    place = (node.start_mark.line + 1, node.start_mark.column + 1)
    document._values[path] = place
    if node.tag == "tag:yaml.org,2002:timestamp":  # a date is no value of ours: as text, it gets a clear message
        return str(node.value)
    if node.tag not in _PLAIN_TAGS:
        document.report_at(*place, f"tag `{node.tag}`; a space holds plain values only")
        return _UNREAD
    if isinstance(node, MappingNode):
        return _mapping(node, path, document)
    if isinstance(node, SequenceNode):
        items = [_plain(item, (*path, i), document) for i, item in enumerate(node.value)]
        return _UNREAD if any(item is _UNREAD for item in items) else items
    try:
        return _VALUES.construct_object(node)
    except (YAMLError, ValueError):
        document.report_at(*place, f"{node.value!r} is not a value YAML can read")
        return _UNREAD


def _mapping(node: MappingNode, path: Path, document: Document) -> Any:
    out: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        if not isinstance(key_node, ScalarNode):
            document.report_at(line, column, "a key must be a name")
            continue
        key = key_node.value
        if key in out:
            first = document._keys[(*path, key)]
            document.report_at(line, column, f"duplicate key {key!r}; first on line {first[0]}")
            continue
        document._keys[(*path, key)] = (line, column)
        out[key] = _plain(value_node, (*path, key), document)
    unread = [key for key, value in out.items() if value is _UNREAD]
    if len(path) > 1:
        return _UNREAD if unread else out
    document.broken.update(unread)
    return {key: value for key, value in out.items() if key not in unread}


def _report_syntax(error: YAMLError, document: Document) -> None:
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        problem = (error.problem or error.context or "not YAML").replace("\t", "\\t")
        if r"'\t'" in problem:
            problem = "a tab where YAML takes spaces only"
        document.report_at(mark.line + 1 if mark else 0, mark.column + 1 if mark else 0, f"not YAML: {problem}")
    else:
        document.report_at(0, 0, "not YAML: it holds characters that no text has")
