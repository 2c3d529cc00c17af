from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from lstm_automl import LSTMClassifier, LSTMForecaster, LSTMRegressor
from lstm_automl.errors import UsageError
from lstm_automl.estimators import arguments

ALL = [LSTMClassifier, LSTMRegressor, LSTMForecaster]


@pytest.mark.parametrize("kind", ALL)
def test_constructor_is_the_shipped_space(kind: Any) -> None:
    signature = inspect.signature(kind.__init__).parameters
    for name, parameter in arguments.shipped(kind.task).parameters.items():
        assert signature[name].default == parameter.default, name
        assert isinstance(signature[name].default, bool) == isinstance(parameter.default, bool), name
        assert signature[name].kind is inspect.Parameter.KEYWORD_ONLY
    assert signature["max_epochs"].default == 50
    assert signature["patience"].default == 10


@pytest.mark.parametrize("kind", ALL)
def test_every_argument_is_described(kind: Any) -> None:
    described = kind.__doc__.split("Args:")[1]
    for name in kind().get_params():
        assert f"{name}:" in described or f"{name}," in described, name


@pytest.mark.parametrize("kind", ALL)
def test_clone_and_set_params(kind: Any) -> None:
    made = kind(units=8, dropout=0.5)
    assert clone(made).get_params() == made.get_params()
    assert made.set_params(units=16).units == 16


def test_children_of_what_is_off_are_left_out() -> None:
    made = LSTMClassifier(front_end="none", conv_layers=5, bidirectional=False)
    assert not {"conv_layers", "conv_filters", "conv_stride", "merge_mode"} & arguments.active(made, made.task).keys()


@pytest.mark.parametrize(
    ("given", "patch"), [({}, 24), ({"window": 24}, None), ({"window": 200}, 24), ({"window": 24, "patch": 4}, 4)]
)
def test_conditions_on_sizes_are_advice(given: dict[str, Any], patch: int | None) -> None:
    assert arguments.active(LSTMForecaster(**given), "forecasting").get("patch") == patch


def test_changed() -> None:
    made = LSTMClassifier(units=np.int64(8), cell="lstm", ema=1)
    assert arguments.changed(made, ["units", "cell", "ema", "dropout"]) == {"units": 8, "ema": 1}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"units": 0}, "units: 0 is not a whole number"),
        ({"dropout": 1.7}, "dropout"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"cell": "lstn"}, "did you mean 'lstm'"),
        ({"batch_size": 0}, "batch_size"),
        ({"max_epochs": 0}, "max_epochs"),
        ({"patience": 2.5}, "patience"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"dtype": "float16"}, "dtype"),
        ({"search": {"max_trials": 3}}, "search"),
        ({"class_weight": "even"}, "class_weight"),
        ({"class_weight": {"left": 2}}, "'left' is no label"),
        ({"layout": "TNC"}, "layout"),
    ],
)
def test_bad_arguments(given: dict[str, Any], said: str, cube: Any, labels: Any) -> None:
    with pytest.raises(UsageError, match=said):
        LSTMClassifier(**given).fit(cube, labels)
