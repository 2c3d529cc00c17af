"""Every registered head keeps the contract; one that does not is caught."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from lstm_automl import plugins
from lstm_automl.models.heads.value import Value
from lstm_automl.models.parts import Network, Values
from lstm_automl.tasks.task import HeadSpec
from lstm_automl.testing.head import check_head

_AHEAD: dict[str, Any] = {"horizon": 4, "options": {"target_channels": (2, 0), "known_channels": (1,)}}
CASES: list[tuple[HeadSpec, Values, int | None]] = [
    (HeadSpec("label", 3, "crossentropy"), {}, None),
    (HeadSpec("value", 2, "mse"), {}, None),
    (HeadSpec("horizon", 2, "mse", **_AHEAD), {}, None),
    (HeadSpec("horizon", 2, "mse", **_AHEAD), {"normalization": "last", "patch": 4}, None),
    (HeadSpec("horizon", 2, "mse", **_AHEAD), {"normalization": "instance", "channel_independent": True}, None),
    (HeadSpec("horizon", 2, "mse", **_AHEAD), {"linear_skip": True, "patch": 5, "channel_independent": True}, 12),
]


@pytest.mark.parametrize(("spec", "values", "length"), CASES)
def test_head(spec: HeadSpec, values: Values, length: int | None) -> None:
    check_head(plugins.load("head", spec.name)(), spec, values, length=length)


def test_every_head_has_a_case() -> None:
    assert {spec.name for spec, _, _ in CASES} == set(plugins.names("head"))


class _Blind(Value):
    """Reads no static columns."""

    def build(self, network: Network, spec: HeadSpec, values: Values, seed: int) -> keras.KerasTensor:
        return keras.layers.Dense(spec.outputs)(network.encode(network.raw))


class _Wide(Value):
    """One output too many."""

    def build(self, network: Network, spec: HeadSpec, values: Values, seed: int) -> keras.KerasTensor:
        return keras.layers.Dense(spec.outputs + 1)(network.encode(network.raw))


@pytest.mark.parametrize(("head", "complaint"), [(_Blind(), "does not read 'static'"), (_Wide(), "outputs of shape")])
def test_a_wrong_head_is_caught(head: Value, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_head(head, HeadSpec("value", 2, "mse"))
