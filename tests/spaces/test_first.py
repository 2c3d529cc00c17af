"""``first``: trials that a space wants tried before any other."""

from __future__ import annotations

import pytest

from lstm_automl.errors import SpaceError
from lstm_automl.search.oracles.tpe import TPEOracle
from lstm_automl.spaces.dump import dumps
from lstm_automl.spaces.loader import load, loads
from lstm_automl.spaces.space import Space

TEXT = """\
task: classification
parameters:
  units: {type: int, min_value: 8, max_value: 64, default: 16}
  dropout: {type: float, min_value: 0, max_value: 0.5, default: 0.1}
first:
  - {units: 32}
  - {units: 64, dropout: 0}
  - {units: 16}
"""


def test_first_trials_are_the_defaults_and_then_those_listed_once_each() -> None:
    space = loads(TEXT)
    wanted = [{"units": 16, "dropout": 0.1}, {"units": 32, "dropout": 0.1}, {"units": 64, "dropout": 0.0}]
    assert space.starts() == wanted
    oracle = TPEOracle()
    assert [oracle.propose(space, 0, n, [], "max") for n in range(3)] == wanted


def test_an_entry_that_a_setting_rules_out_is_passed_over() -> None:
    assert [v["dropout"] for v in loads(TEXT, overrides={"units": 32}).starts()] == [0.1]


def test_it_survives_yaml_and_json() -> None:
    space = loads(TEXT)
    assert loads(dumps(space)) == space
    assert Space.from_json(space.to_json()) == space
    assert space.digest() != loads(TEXT.replace("units: 64, ", "")).digest()


def test_mistakes_in_it_are_reported_with_their_place() -> None:
    with pytest.raises(SpaceError) as wrong:
        loads(TEXT.replace("{units: 32}", "{unitz: 32}").replace("dropout: 0}", "dropout: 2}"))
    assert str(wrong.value).splitlines() == [
        "<space>:6:6: no parameter 'unitz' in this space; did you mean 'units'? (valid: dropout, units)",
        "<space>:7:26: 2 is outside the range of 'dropout'",
    ]


@pytest.mark.parametrize("task", ["classification", "regression", "forecasting"])
def test_first_trials_of_shipped_spaces_differ(task: str) -> None:
    starts = load(task).starts()
    assert len(starts) == 1 + len(load(task).first)
