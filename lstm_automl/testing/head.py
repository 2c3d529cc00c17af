"""What every head promises, as checks for authors of heads: ``check_head(MyHead(), spec)``."""

from __future__ import annotations

import keras
import numpy as np

from lstm_automl.models import masks
from lstm_automl.models.inputs import InputSpec
from lstm_automl.models.parts import Head, Network, Signal, Values
from lstm_automl.tasks.task import HeadSpec
from lstm_automl.testing import network

FEATURES = 3


def check_head(head: Head, spec: HeadSpec, values: Values | None = None, *, length: int | None = None) -> None:
    """Run every check, on a network that encodes a sequence by its mean.

    Args:
        head: The head.
        spec: What its outputs are; ``horizon`` > 0 also checks covariates known ahead.
        values: Hyper-parameters to build it with.
        length: Steps of every window, where the head needs to know.

    Raises:
        AssertionError: naming the promise that is broken.
    """
    values = values or {}
    assert head.name == spec.name, f"head {head.name!r} for a specification of {spec.name!r}"
    for dtype in ("float32", "float64"):
        inputs = InputSpec(
            FEATURES, static=2, known=1 if spec.horizon else 0, mask=length is None, length=length, dtype=dtype
        )
        batch = network.ragged(inputs, steps=length or 12, horizon=spec.horizon)
        model = _model(head, spec, values, inputs)
        outputs = network.run(model, batch)
        assert outputs.dtype == dtype, f"{dtype} in, {outputs.dtype} out"
        expected = (len(outputs), *((spec.horizon,) if spec.horizon else ()), spec.outputs)
        assert outputs.shape == expected, f"outputs of shape {outputs.shape}, not {expected}"
        if spec.loss == "crossentropy":
            np.testing.assert_allclose(outputs.sum(axis=-1), 1.0, atol=1e-5, err_msg="not probabilities")
        if inputs.mask:
            network.check_padding(model, batch, network.TOLERANCE[dtype])
        network.check_saved(model, batch)
        _check_reads(model, batch)
    network.check_repeats(lambda: _model(head, spec, values, inputs))


def _model(head: Head, spec: HeadSpec, values: Values, inputs: InputSpec) -> keras.Model:
    def encode(signal: Signal, patch: int = 1) -> keras.KerasTensor:
        return keras.ops.squeeze(masks.mean(masks.patched(signal, patch)), axis=1)

    def graph(tensors: dict[str, keras.KerasTensor]) -> keras.KerasTensor:
        raw = Signal(tensors["x"], tensors.get("mask"))
        return head.build(Network(raw, tensors.get("static"), tensors.get("known"), encode), spec, values, 1)

    return network.network(inputs, graph, horizon=spec.horizon)


def _check_reads(model: keras.Model, batch: network.Batch) -> None:
    """Every input matters."""
    before = network.run(model, batch)
    for name in set(batch) - {"mask"}:
        other = {**batch, name: batch[name][::-1].copy()}
        if name == "x" and "mask" in batch:
            other["mask"] = batch["mask"][::-1].copy()
        assert np.abs(network.run(model, other) - before).max() > 1e-6, f"the head does not read {name!r}"
