"""What the horizon head promises beyond its shape."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from lstm_automl.models.builder import build
from lstm_automl.models.inputs import InputSpec
from lstm_automl.tasks.task import HeadSpec
from lstm_automl.testing import network as n

SMALL: dict[str, Any] = {"units": 4, "bidirectional": True}
SPEC = InputSpec(3)
KNOWN = InputSpec(3, known=1)


def _spec(*targets: int, known: tuple[int, ...] = ()) -> HeadSpec:
    options = {"target_channels": targets, "known_channels": known}
    return HeadSpec("horizon", len(targets), "mse", horizon=3, options=options)


def _model(head: HeadSpec, values: dict[str, Any], spec: InputSpec = SPEC) -> keras.Model:
    return build(spec, head, {**SMALL, **values}, seed=2)


def _silenced(model: keras.Model) -> keras.Model:
    """Everything before the normalisation is undone gives 0."""
    for layer in model.layers:
        if layer.name == "steps":
            layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    return model


@pytest.mark.parametrize("channel_independent", [False, True])
@pytest.mark.parametrize(("normalization", "expected"), [("none", 0), ("last", -1), ("instance", None)])
def test_a_silent_network_forecasts_what_was_taken_away(
    normalization: str, expected: int | None, channel_independent: bool
) -> None:
    values = {"normalization": normalization, "channel_independent": channel_independent}
    model, batch = _silenced(_model(_spec(2, 0), values)), n.ragged(SPEC)
    for i, steps in enumerate(n.LENGTHS):
        own = batch["x"][i, :steps][:, (2, 0)]
        level = {0: 0 * own[-1], -1: own[-1], None: own.mean(axis=0)}[expected]
        np.testing.assert_allclose(n.run(model, batch)[i], np.tile(level, (3, 1)), atol=1e-6)


@pytest.mark.parametrize(("normalization", "factor"), [("last", 1.0), ("instance", 3.0)])
def test_a_moved_window_moves_the_forecast(normalization: str, factor: float) -> None:
    model, batch = _model(_spec(0, 1), {"normalization": normalization}), n.ragged(SPEC)
    moved = (batch["x"] * factor + np.array([5.0, -2.0, 0.0])) * batch["mask"][..., None]
    # Sequences of one step have no spread: instance normalisation cannot know their scale.
    rows = slice(0, 3)
    expected = n.run(model, batch)[rows] * factor + np.array([5.0, -2.0])
    np.testing.assert_allclose(
        n.run(model, {**batch, "x": moved.astype("float32")})[rows], expected, rtol=2e-4, atol=2e-4
    )


def test_covariates_known_ahead_keep_their_level() -> None:
    head = _spec(0, known=(1,))
    model, batch = _model(head, {"normalization": "last"}, KNOWN), n.ragged(KNOWN, horizon=3)
    moved = batch["x"] + np.array([0.0, 5.0, 0.0], "float32") * batch["mask"][..., None]
    assert np.abs(n.run(model, {**batch, "x": moved}) - n.run(model, batch)).max() > 1e-4


def test_a_step_known_ahead_reaches_its_own_forecast_alone() -> None:
    model, batch = _model(_spec(0, known=(1,)), {}, KNOWN), n.ragged(KNOWN, horizon=3)
    other = {**batch, "known": batch["known"].copy()}
    other["known"][:, 1] += 2.0
    changed = np.abs(n.run(model, other) - n.run(model, batch)).max(axis=(0, 2))
    assert changed[1] > 1e-6
    assert changed[0] == changed[2] == 0


@pytest.mark.parametrize("patch", [1, 3])
def test_independent_channels_share_weights_and_see_nothing_of_each_other(patch: int) -> None:
    values = {"channel_independent": True, "patch": patch, "difference": True}
    model, batch = _model(_spec(0, 2), values), n.ragged(SPEC)
    outputs = n.run(model, batch)
    swapped = {**batch, "x": batch["x"][..., ::-1].copy()}
    np.testing.assert_allclose(n.run(model, swapped), outputs[..., ::-1], atol=1e-6)
    other = {**batch, "x": batch["x"] + np.array([0, 9.0, 9.0], "float32") * batch["mask"][..., None]}
    np.testing.assert_allclose(n.run(model, other)[..., 0], outputs[..., 0], atol=1e-6)


def test_independent_channels_cost_one_channel_of_weights() -> None:
    counts = [_model(_spec(*range(c)), {"channel_independent": True}, InputSpec(c)).count_params() for c in (1, 5)]
    assert counts[0] == counts[1]


def test_a_linear_skip_starts_silent() -> None:
    spec = InputSpec(3, length=12, mask=False)
    with_skip, without = (_model(_spec(0, 1), {"linear_skip": s}, spec) for s in (True, False))
    batch = n.ragged(spec)
    np.testing.assert_array_equal(n.run(with_skip, batch), n.run(without, batch))
    assert with_skip.count_params() - without.count_params() == 12 * 3 + 3


def test_a_batch_as_long_as_the_horizon() -> None:
    """Shapes at which Keras' addition takes a level per example for a bias per step."""
    spec = InputSpec(1, mask=False)
    batch = {"x": np.arange(3 * 5, dtype="float32").reshape(3, 5, 1)}
    model = _silenced(_model(_spec(0), {"normalization": "last"}, spec))
    np.testing.assert_allclose(n.run(model, batch), np.tile(batch["x"][:, -1:], (1, 3, 1)), atol=1e-6)
