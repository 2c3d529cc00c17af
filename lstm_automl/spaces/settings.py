"""``--set name=value``: a parameter held at one value, typed and checked like the file's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from lstm_automl.errors import UsageError, did_you_mean
from lstm_automl.spaces import reads
from lstm_automl.spaces.document import Document, parse
from lstm_automl.spaces.ranges import Declared, declare
from lstm_automl.spaces.space import Parameter, Value
from lstm_automl.spaces.unread import base_of
from lstm_automl.spaces.vocabulary import VOCABULARY, shown, split_layer

Overrides = Mapping[str, str | Value]


def parse_items(items: Iterable[str]) -> dict[str, str]:
    """``["units=64"]`` as ``{"units": "64"}``.

    Raises:
        UsageError: for an item without a name or a value, or a name given twice.

    >>> parse_items(["units=64", "cell=gru"])
    {'units': '64', 'cell': 'gru'}
    """
    out: dict[str, str] = {}
    for item in items:
        name, equals, value = (part.strip() for part in item.partition("="))
        if not (name and equals and value):
            raise UsageError(f"--set {item!r}: expected NAME=VALUE, such as units=64")
        if name in out:
            raise UsageError(f"--set {name}: given twice, {out[name]!r} and {value!r}")
        out[name] = value
    return out


def apply(
    declared: Mapping[str, Declared], overrides: Overrides, task: str
) -> tuple[dict[str, Declared], list[Document]]:
    """The space with these parameters held, and what is wrong with the settings."""
    out = dict(declared)
    documents = []
    for name, value in overrides.items():
        said = value if isinstance(value, str) else shown(value)
        document = Document(f"--set {name}={said}")
        documents.append(document)
        if _known(name, declared, task, document):
            _hold(name, value, out, document)
    return out, documents


def _known(name: str, declared: Mapping[str, Declared], task: str, document: Document) -> bool:
    base = base_of(name)
    valid = {*declared, *reads.readable(task)}
    if name in declared or name in valid:
        return True
    if base not in valid:
        owners = reads.elsewhere(base)
        problem = f"nothing in a space for {task} reads it (read by {owners})" if owners else "unknown parameter"
        document.report_at(0, 0, problem + ("" if owners else did_you_mean(name, valid)))
        return False
    return True  # one layer of a parameter; layers.check says whether there is such a layer


def _hold(name: str, value: str | Value, out: dict[str, Declared], document: Document) -> None:
    before = out.get(name)
    typed = _typed(name, value, before.parameter if before else None, document)
    if typed is None:
        return
    held = declare(name, {"value": typed}, document, (), {})
    if held is None:
        return
    source = before or out.get(split_layer(name)[0] if base_of(name) != name else name)
    if source is not None:
        held = replace(
            held,
            parameter=replace(held.parameter, when=source.parameter.when),
            per_layer=before is not None and before.per_layer,
            conditions_of=source.conditions_of or source,
        )
    for other in [n for n in out if n != name and base_of(n) == name]:
        del out[other]  # `units=64` holds every layer
    out[name] = held


def _typed(name: str, value: str | Value, before: Parameter | None, document: Document) -> Value | None:
    if not isinstance(value, str):
        return value
    parsed = parse(value.encode(), document.source)
    found = parsed.data
    if parsed.mistakes or not isinstance(found, bool | int | float | str):
        document.report_at(0, 0, "expected one value")
        return None
    if base_of(name) in VOCABULARY or before is None:
        return found
    if isinstance(found, int) and not isinstance(found, bool) and before.kind == "float":
        return float(found)
    if not _same_type(found, before):
        document.report_at(0, 0, f"{shown(found)} is not of the type of {name!r} ({before.kind})")
        return None
    return found


def _same_type(value: Value, parameter: Parameter) -> bool:
    example = parameter.default
    if isinstance(example, bool | str) or isinstance(value, bool | str):
        return type(value) is type(example)
    return parameter.kind != "int" or isinstance(value, int)
