"""Data of a file against the grammar: each mistake in words, at its place."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lstm_automl.errors import did_you_mean
from lstm_automl.spaces.document import Document, Path
from lstm_automl.spaces.grammar import described

Model = TypeVar("Model", bound=BaseModel)


def validated(
    model: type[Model], data: Any, document: Document, path: Path = (), *, rest: bool = False
) -> Model | None:
    """``data``, which stands at ``path``, as ``model``; None, its mistakes reported, where it is not.

    Unknown keys are left out; with ``rest`` so are wrong ones that need not be there, so that what else is wrong is
    found, too.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        errors = error.errors()
        for item in errors:
            _report(item, model, document, path)
        optional = {name for name, known in model.model_fields.items() if rest and not known.is_required()}
        wrong = {item["loc"][0] for item in errors if item["loc"]}
        if all(item["loc"] and _can_go(item, optional) for item in errors):
            return model.model_validate({k: v for k, v in data.items() if k not in wrong})
        return None


def _can_go(item: Any, optional: set[str]) -> bool:
    return item["loc"][0] in optional or (item["type"] == "extra_forbidden" and len(item["loc"]) == 1)


def _report(item: Any, model: type[BaseModel], document: Document, path: Path) -> None:
    kind, loc, value = item["type"], item["loc"], item["input"]
    where = (*path, *loc)
    if kind == "extra_forbidden":
        hint = did_you_mean(str(loc[-1]), model.model_fields)
        document.report(where, f"unknown key {loc[-1]!r}{hint}", key=True)
    elif kind == "missing" and not path and loc[-1] in document.broken:
        pass  # it is there, and what is wrong with it was said
    elif kind == "missing":
        owner = f"{path[-1]!r} needs" if path else "missing"
        document.report(path, f"{owner} `{loc[-1]}:`", key=True)
    elif kind == "space":
        document.report(where, item["ctx"]["message"])
    elif kind == "literal_error":
        valid = item["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        document.report(where, f"{described(value)} is not known here{did_you_mean(str(value), valid)}")
    else:
        document.report(where, f"{described(value)} is not {_EXPECTED.get(kind, item['msg'])}")


_EXPECTED = {
    "bool_type": "true or false",
    "string_type": "a name",
    "string_pattern_mismatch": "the name of a block: letters, digits, - and _",
    "list_type": "a list of names, such as [recurrent, training]",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping with `task:` and `parameters:`",
}
