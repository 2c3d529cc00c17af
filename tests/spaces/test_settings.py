"""``--set``: typed, checked, applied before layers and conditions are."""

from __future__ import annotations

import pytest

from lstm_automl.errors import SpaceError, UsageError
from lstm_automl.spaces.loader import load, loads
from lstm_automl.spaces.settings import Overrides, parse_items
from lstm_automl.spaces.space import Space

LAYERED = """
task: classification
include: [recurrent, front_end]
parameters:
  units: {type: int, min_value: 8, max_value: 16, per: layer}
  units_1: {type: choice, values: [8, 32]}
"""


def held(overrides: Overrides, text: str = LAYERED) -> Space:
    return loads(text, overrides=overrides)


def test_text_is_read_with_the_type_of_the_parameter() -> None:
    given = {"units": "1e2", "dropout": "0", "ema": "true", "cell": "gru", "learning_rate": "1e-3", "front_end": "none"}
    values = load("classification", overrides=given).defaults()
    expected = {"units": 100, "dropout": 0.0, "ema": True, "cell": "gru", "learning_rate": 1e-3, "front_end": "none"}
    assert {n: values[n] for n in given} == expected
    assert [type(values[n]) for n in given] == [type(v) for v in expected.values()]


def test_python_values_are_taken_as_they_are() -> None:
    space = load("classification", overrides={"units": 24, "dropout": 0, "ema": False})
    assert [space.parameters[n].default for n in ("units", "dropout", "ema")] == [24, 0.0, False]
    assert all(space.parameters[n].kind == "fixed" for n in ("units", "dropout", "ema"))


def test_a_value_may_lie_outside_the_searched_range() -> None:
    assert load("classification", overrides={"units": "4000"}).defaults()["units"] == 4000


def test_one_value_holds_every_layer() -> None:
    space = held({"units": "64", "num_layers": "3"})
    values = space.defaults()
    assert [values[f"units_{i}"] for i in range(3)] == [64, 64, 64]
    assert not any(space.parameters[f"units_{i}"].searched for i in range(3))


def test_one_layer_alone() -> None:
    space = held({"units_2": "64"})
    assert space.parameters["units_2"].default == 64
    assert space.parameters["units_2"].when == {"num_layers": (3,)}
    assert [space.parameters[n].kind for n in ("units_0", "units_1", "units_2")] == ["int", "choice", "fixed"]


def test_more_layers_than_the_file_searches() -> None:
    assert [n for n in held({"num_layers": 5}).parameters if n.startswith("units")] == [f"units_{i}" for i in range(5)]


def test_children_of_a_held_parent() -> None:
    none = held({"front_end": "none"}).parameters
    assert not [n for n in none if n.startswith("conv")]
    fcn = held({"front_end": "fcn", "conv_filters": "8"}).parameters
    assert fcn["conv_filters"].default == 8
    assert "conv_stride" not in fcn
    assert "conv_filters" not in held({"front_end": "none", "conv_filters": "8"}).parameters


def test_a_parameter_the_space_does_not_mention() -> None:
    space = held({"label_smoothing": "0.1"})
    assert space.defaults()["label_smoothing"] == 0.1


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("unts", "3", "unknown parameter; did you mean 'units'? (valid: "),
        ("patch", "8", "nothing in a space for classification reads it (read by task forecasting)"),
        ("units", "abc", "units: 'abc' is not a whole number from 1 to 8192"),
        ("units", "0", "units: 0 is not a whole number from 1 to 8192"),
        ("units", "[1, 2]", "expected one value"),
        ("units", "a: b", "expected one value"),
        ("units", "!!python/object:os.system x", "expected one value"),
        ("units", "", "expected one value"),
        ("units_3", "8", "there is no layer 3: num_layers is at most 3, and the first layer is 0"),
        ("dropout_0", "0.1", "'dropout' is one for all layers here; give it `per: layer` to set 'dropout_0' by itself"),
        ("cell", "gur", "cell: 'gur' is not a name it knows; did you mean 'gru'? (valid: gru, lstm, simple_rnn)"),
        ("dropout", "2", "dropout: 2 is not a number from 0 to below 1"),
        ("learning_rate", ".nan", "nan is not a finite number"),
        ("bidirectional", "1", "bidirectional: 1 is not true or false"),
    ],
)
def test_a_wrong_setting(name: str, value: str, message: str) -> None:
    with pytest.raises(SpaceError) as caught:
        held({name: value})
    assert str(caught.value).startswith(f"--set {name}={value}: {message}")
    assert len(caught.value.mistakes) == 1


def test_unread_where_the_front_end_does_not_read_it() -> None:
    with pytest.raises(SpaceError) as caught:
        held({"conv_stride": "2"}, "task: classification\nparameters: {front_end: fcn}")
    message = "nothing in this space reads 'conv_stride' (read by front_end cnn1d)"
    assert str(caught.value) == f"--set conv_stride=2: {message}"


def test_mistakes_of_file_and_settings_come_together() -> None:
    with pytest.raises(SpaceError) as caught:
        loads("task: classification\nparameters: {units: 0}", source="s.yaml", overrides={"cell": "x", "ema": "3"})
    assert [str(m).split(": ")[0] for m in caught.value.mistakes] == ["s.yaml:2:21", "--set cell=x", "--set ema=3"]


def test_items() -> None:
    assert parse_items(["units=64", " cell = gru"]) == {"units": "64", "cell": "gru"}
    for items, message in (
        (["units"], "--set 'units': expected NAME=VALUE, such as units=64"),
        (["=3"], "--set '=3': expected NAME=VALUE, such as units=64"),
        (["units=1", "units=2"], "--set units: given twice, '1' and '2'"),
    ):
        with pytest.raises(UsageError) as caught:
            parse_items(items)
        assert str(caught.value) == message
