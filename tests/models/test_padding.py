"""A sequence's outputs do not depend on how far its batch is padded: whole networks, every combination."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from lstm_automl import plugins
from lstm_automl.models.builder import build
from lstm_automl.models.inputs import InputSpec
from lstm_automl.models.pooling import POOLINGS
from lstm_automl.tasks.task import HeadSpec
from lstm_automl.testing import network as n

SMALL = {"units": 4, "num_layers": 2, "conv_filters": 3, "conv_layers": 2, "conv_kernel": 5, "conv_stride": 2}
HEADS = {
    "label": HeadSpec("label", 3, "crossentropy"),
    "value": HeadSpec("value", 1, "mse"),
    "horizon": HeadSpec("horizon", 2, "mse", horizon=3, options={"target_channels": (0, 2), "known_channels": (1,)}),
}
INPUTS = InputSpec(3, static=2)
HORIZON_INPUTS = InputSpec(3, static=2, known=1)


def _check(head: HeadSpec, values: dict[str, Any], inputs: InputSpec = INPUTS) -> None:
    model = build(inputs, head, {**SMALL, **values}, seed=3)
    n.check_padding(model, n.ragged(inputs, horizon=head.horizon), n.TOLERANCE[inputs.dtype])


@pytest.mark.parametrize("cell", plugins.names("cell"))
@pytest.mark.parametrize("front_end", plugins.names("front_end"))
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_cell_and_front_end(cell: str, front_end: str, bidirectional: bool) -> None:
    _check(HEADS["label"], {"cell": cell, "front_end": front_end, "bidirectional": bidirectional, "difference": True})


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("merge_mode", ["concat", "sum", "ave", "mul"])
def test_every_pooling_and_merge_mode(pooling: str, merge_mode: str) -> None:
    _check(HEADS["value"], {"pooling": pooling, "bidirectional": True, "merge_mode": merge_mode})


@pytest.mark.parametrize(
    ("normalization", "patch", "channel_independent"),
    list(product(["none", "last", "instance"], [1, 4], [False, True])),
)
def test_every_way_to_forecast(normalization: str, patch: int, channel_independent: bool) -> None:
    values = {
        "normalization": normalization, "patch": patch, "channel_independent": channel_independent,
        "bidirectional": True, "difference": True, "front_end": "cnn1d",
    }  # fmt: skip
    _check(HEADS["horizon"], values, HORIZON_INPUTS)


def test_in_double_precision() -> None:
    values = {"bidirectional": True, "front_end": "fcn", "difference": True, "pooling": "mean_max"}
    _check(HEADS["label"], values, InputSpec(3, static=2, dtype="float64"))


def test_statistics_ignore_padding() -> None:
    values = {**SMALL, "difference": True, "front_end": "cnn1d"}
    n.check_statistics(lambda: build(INPUTS, HEADS["label"], values, seed=3), n.ragged(INPUTS), 1e-6)


def test_a_full_batch_needs_no_mask() -> None:
    values = {**SMALL, "bidirectional": True, "front_end": "cnn1d", "difference": True, "pooling": "mean_max"}
    plain, masked = InputSpec(3, mask=False), InputSpec(3)
    models = [build(spec, HEADS["label"], values, seed=3) for spec in (plain, masked)]
    x = n.ragged(plain)["x"]
    with_mask = n.run(models[1], {"x": x, "mask": np.ones(x.shape[:2], bool)})
    np.testing.assert_allclose(n.run(models[0], {"x": x}), with_mask, atol=1e-6)


def test_windows_short_of_rows_are_aligned_at_their_end() -> None:
    """With a linear skip a shorter window is one whose first rows are missing."""
    spec = InputSpec(3, known=1, length=12)
    values = {**SMALL, "linear_skip": True, "normalization": "last", "channel_independent": True, "patch": 4}
    model = build(spec, HEADS["horizon"], values, seed=3)
    skip = model.get_layer("linear_skip")
    skip.set_weights([np.arange(36.0).reshape(12, 3), np.zeros(3)])
    batch = n.ragged(spec, horizon=3)
    weights = np.arange(36.0).reshape(12, 3)
    without = n.run(build(spec, HEADS["horizon"], values, seed=3), batch)
    for i, steps in enumerate(n.LENGTHS):
        own = batch["x"][i, :steps][:, (0, 2)]
        expected = weights[12 - steps :].T @ (own - own[-1])
        np.testing.assert_allclose(n.run(model, batch)[i] - without[i], expected, rtol=1e-4, atol=1e-4)
