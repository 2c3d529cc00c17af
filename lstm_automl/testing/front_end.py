"""What every front end promises, as checks for authors of front ends: ``check_front_end(MyFrontEnd())``."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import numpy as np

from lstm_automl.models.inputs import InputSpec
from lstm_automl.models.parts import FrontEnd, Signal, Values
from lstm_automl.testing import network

FEATURES = 3
SMALL: Values = {"conv_layers": 2, "conv_filters": 4, "conv_kernel": 4, "conv_stride": 2}


def check_front_end(front_end: FrontEnd, values: Values = SMALL) -> None:
    """Run every check.

    Args:
        front_end: The front end.
        values: Hyper-parameters to build it with.

    Raises:
        AssertionError: naming the promise that is broken.
    """
    assert front_end.name, "a front end has a name"
    for dtype in ("float32", "float64"):
        spec, tolerance = InputSpec(FEATURES, dtype=dtype), network.TOLERANCE[dtype]
        batch = network.ragged(spec)
        model = _summary(front_end, values, spec)
        assert network.run(model, batch).dtype == dtype, f"{dtype} in, {network.run(model, batch).dtype} out"
        network.check_padding(model, batch, tolerance)
        network.check_statistics(partial(_summary, front_end, values, spec), batch, tolerance)
        network.check_saved(model, batch)
    network.check_repeats(lambda: _summary(front_end, values, InputSpec(FEATURES)))
    _check_signal(front_end, values)
    full = InputSpec(FEATURES, mask=False)
    assert np.isfinite(network.run(_summary(front_end, values, full), network.ragged(full))).all(), (
        "not finite without a mask"
    )


def _parts(
    front_end: FrontEnd, values: Values, tensors: dict[str, keras.KerasTensor]
) -> tuple[Signal, keras.KerasTensor | None]:
    raw = Signal(tensors["x"], tensors.get("mask"))
    return front_end.before(raw, values, 1), front_end.beside(raw, values, 1)


def _summary(front_end: FrontEnd, values: Values, spec: InputSpec) -> keras.Model:
    """The sum over time of what stands before, joined with what stands beside: ``(batch, features)``."""

    def graph(tensors: dict[str, keras.KerasTensor]) -> keras.KerasTensor:
        signal, beside = _parts(front_end, values, tensors)
        total = keras.ops.sum(signal.x, axis=1)
        return total if beside is None else keras.ops.concatenate([total, beside], axis=-1)

    return network.network(spec, graph)


def _check_signal(front_end: FrontEnd, values: Values) -> None:
    spec = InputSpec(FEATURES)

    def graph(tensors: dict[str, keras.KerasTensor]) -> Any:
        signal, _ = _parts(front_end, values, tensors)
        assert signal.mask is not None, "the mask is lost"
        return {"x": signal.x, "mask": signal.mask}

    found = {k: np.asarray(v) for k, v in network.network(spec, graph)(network.ragged(spec)).items()}
    assert found["x"].ndim == 3, f"x of shape {found['x'].shape}, not (batch, time, features)"
    assert found["mask"].shape == found["x"].shape[:2], f"mask {found['mask'].shape} for x {found['x'].shape}"
    assert found["mask"].dtype == bool, f"mask of {found['mask'].dtype}"
    assert (np.diff(found["mask"].astype(int), axis=1) <= 0).all(), "not right padded"
    assert found["mask"][:, 0].all(), "a sequence of one step is lost"
    assert not found["x"][~found["mask"]].any(), "x is not zero at padding"
