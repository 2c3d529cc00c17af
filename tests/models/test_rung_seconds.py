"""Predicted cost: more work costs more, and times of real rungs have about its ratios."""

from __future__ import annotations

from typing import Any

import pytest

from lstm_automl.models.cost import START, VERSION, rung_seconds

SHAPE: dict[str, Any] = {"examples": 1000, "length": 60, "features": 8}
MORE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"units": 32}, {"units": 64}),
    ({"num_layers": 1}, {"num_layers": 2}),
    ({"bidirectional": False}, {"bidirectional": True}),
    ({"cell": "simple_rnn"}, {"cell": "gru"}),
    ({"cell": "gru"}, {"cell": "lstm"}),
    ({"front_end": "none"}, {"front_end": "cnn1d"}),
    ({"window": 30}, {"window": 50}),
    ({"patch": 8}, {"patch": 1}),
    ({"channel_independent": False, "units": 16}, {"channel_independent": True, "units": 16}),
    ({"batch_size": 128, "units": 16}, {"batch_size": 32, "units": 16}),
    ({"merge_mode": "sum", "bidirectional": True, "num_layers": 2}, {"bidirectional": True, "num_layers": 2}),
    ({"num_layers": 2, "units_0": 64, "units_1": 16}, {"num_layers": 2, "units_0": 64, "units_1": 64}),
]


@pytest.mark.parametrize(("less", "more"), MORE)
def test_more_work_costs_more(less: dict[str, Any], more: dict[str, Any]) -> None:
    assert rung_seconds(less, 10, **SHAPE) < rung_seconds(more, 10, **SHAPE)


def test_it_grows_with_epochs_from_what_a_start_costs() -> None:
    once, twice = (rung_seconds({}, n, **SHAPE) - START for n in (10, 20))
    assert twice == pytest.approx(2 * once)
    assert rung_seconds({}, 0, **SHAPE) == START


def test_unknown_cells_and_full_batches_cost_something() -> None:
    assert rung_seconds({"cell": "mine", "batch_size": None, "window": 500}, 3, **SHAPE) > START


def test_layers_measured_on_one_core() -> None:
    """Forward and backward of the fused layer alone, from RESULTS: within a factor of two from 0.15 to 200 ms."""
    measured = [(8, 8, 32, 0.15), (8, 8, 128, 0.77), (24, 128, 64, 1.78), (100, 8, 32, 2.79), (100, 256, 256, 51.7),
                (400, 8, 128, 56.8), (400, 256, 256, 200.5)]  # fmt: skip
    for steps, features, units, milliseconds in measured:
        # 32 examples, one batch: sixteen steps an epoch
        whole = rung_seconds({"units": units}, 1, examples=32, length=steps, features=features)
        layer = (whole - rung_seconds({"units": 1, "cell": "simple_rnn"}, 1, examples=32, length=1, features=1)) / 16
        assert 0.5 < 1000 * layer / milliseconds < 2.0, (steps, features, units)


def test_another_prediction_is_another_version() -> None:
    """Who changes what is predicted, by whatever file, must raise VERSION and these figures together."""
    values: list[dict[str, Any]] = [
        {},
        {"cell": "gru", "num_layers": 2, "bidirectional": True, "units": 48, "batch_size": 16},
        {"front_end": "cnn1d", "conv_layers": 3, "conv_stride": 2, "window": 40},
        {"patch": 4, "batch_size": None},
    ]
    assert (VERSION, [round(rung_seconds(v, 10, **SHAPE), 3) for v in values]) == (1, [1.541, 3.825, 1.561, 2.932])
