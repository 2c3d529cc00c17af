"""Options: names split, mistakes refused, everything explained."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from lstm_automl.data.options import DataOptions


def test_names_are_split_or_listed() -> None:
    assert DataOptions(target="a, b").target == ("a", "b")  # type: ignore[arg-type]
    assert DataOptions(target=("a, b",)).target == ("a, b",)
    assert DataOptions(target=None).target == ()  # type: ignore[arg-type]


def test_json_round_trip() -> None:
    options = DataOptions(target=("a", "b"), sep="tab", allow_nan=True)
    assert DataOptions.model_validate_json(options.model_dump_json()) == options
    assert options.sep == "\t"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("target", "a,a", "named twice: a"),
        ("features", "a,,b", "an empty column name"),
        ("sep", "||", "a delimiter is one character"),
        ("tagret", "a", "Extra inputs are not permitted"),
        ("layout", "TNC", "Input should be 'NTC' or 'NCT'"),
    ],
)
def test_mistakes(field: str, value: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DataOptions(**{field: value})  # type: ignore[arg-type]


def test_every_option_has_a_help() -> None:
    for name, field in DataOptions.model_fields.items():
        assert field.description, name
