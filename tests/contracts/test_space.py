"""Every shipped space keeps the contract; a space that does not is caught."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lstm_automl import plugins
from lstm_automl.spaces import catalog
from lstm_automl.spaces.loader import load, loads
from lstm_automl.spaces.space import Parameter, Space
from lstm_automl.testing.space import check_known, check_space


@pytest.mark.parametrize("name", catalog.names())
def test_shipped_space(name: str) -> None:
    space = load(name)
    assert space.name == space.task == name
    check_space(space)
    check_known(space)


def test_every_task_has_a_space() -> None:
    assert set(plugins.registered("task")) <= set(catalog.names())


@pytest.mark.parametrize("block", catalog.block_names())
def test_every_block_is_used_by_a_shipped_space(block: str) -> None:
    texts = [(catalog.shipped() / f"{name}.yaml").read_text() for name in catalog.names()]
    assert any(block in text.split("include: [", 1)[-1].split("]", 1)[0].split(", ") for text in texts)


def _space(*parameters: Parameter) -> Space:
    return Space("classification", {p.name: p for p in parameters})


BOTH = Parameter("bidirectional", "bool", True, base="bidirectional")
MERGE = Parameter(
    "merge_mode", "choice", "sum", values=("sum", "ave"), when={"bidirectional": (True,)}, base="merge_mode"
)


@pytest.mark.parametrize(
    ("space", "complaint"),
    [
        (_space(), "has parameters"),
        (_space(MERGE, BOTH), "stands behind its child"),
        (_space(BOTH, replace(MERGE, when={"bidirectional": ("yes",)})), "cannot be 'yes'"),
        (_space(replace(MERGE, default="mul", when={})), "default of merge_mode is outside"),
        (_space(Parameter("units", "int", 20, 16, 64, 16, base="units")), "off its grid"),
        (_space(BOTH, replace(MERGE, name="units", base="units")), r"(?s)units.*not"),
    ],
)
def test_a_wrong_space_is_caught(space: Space, complaint: str) -> None:
    with pytest.raises((AssertionError, ValueError), match=complaint):
        check_space(space)


def test_a_parameter_without_neutral_value_is_caught() -> None:
    space = loads("task: classification\nparameters: {units: 3}")
    check_known(space)
    odd = replace(space.parameters["units"], name="wings", base="wings")
    with pytest.raises(AssertionError, match="wings has no neutral value"):
        check_known(_space(odd))
