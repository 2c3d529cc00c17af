"""What front ends compute: lengths, filters and kernels."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from lstm_automl.models.builder import build
from lstm_automl.models.frontends.cnn1d import CNN1D
from lstm_automl.models.inputs import InputSpec
from lstm_automl.models.parts import Signal, Values
from lstm_automl.tasks.task import HeadSpec
from lstm_automl.testing import network as n

SPEC = InputSpec(3)
LABEL = HeadSpec("label", 3, "crossentropy")


def _convolutions(values: Values) -> list[tuple[int, int, int]]:
    model = build(SPEC, LABEL, {"units": 4, **values}, seed=0)
    found = [v for v in model.layers if isinstance(v, keras.layers.Conv1D)]
    return [(v.filters, v.kernel_size[0], v.strides[0]) for v in found]


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_the_stride_is_that_of_the_whole_front_end(stride: int) -> None:
    values = {"front_end": "cnn1d", "conv_layers": 3, "conv_filters": 6, "conv_kernel": 3, "conv_stride": stride}
    assert _convolutions(values) == [(6, 3, stride), (6, 3, 1), (6, 3, 1)]

    def graph(tensors: dict[str, keras.KerasTensor]) -> dict[str, keras.KerasTensor]:
        signal = CNN1D().before(Signal(tensors["x"], tensors["mask"]), values, 1)
        return {"x": signal.x, "mask": signal.mask}

    found = n.network(SPEC, graph)(n.ragged(SPEC))
    assert found["x"].shape[1] == -(-12 // stride)
    np.testing.assert_array_equal(np.asarray(found["mask"]).sum(axis=1), [-(-steps // stride) for steps in n.LENGTHS])


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (1, [(4, 8, 1)]),
        (2, [(4, 8, 1), (4, 5, 1)]),
        (3, [(4, 8, 1), (8, 5, 1), (4, 3, 1)]),
    ],
)
def test_the_branch_is_that_of_lstm_fcn(layers: int, expected: list[tuple[int, int, int]]) -> None:
    values = {"front_end": "fcn", "conv_layers": layers, "conv_filters": 4, "conv_kernel": 8}
    assert _convolutions(values) == expected


def test_the_branch_stands_beside_the_recurrent_layers() -> None:
    model = build(SPEC, LABEL, {"units": 5, "front_end": "fcn", "conv_filters": 4}, seed=0)
    assert model.get_layer("recurrent_0").get_weights()[0].shape == (3, 20)
    assert model.get_layer("head").get_weights()[0].shape == (5 + 2 * 4, 3)


def test_a_kernel_longer_than_the_sequence() -> None:
    model = build(SPEC, LABEL, {"front_end": "cnn1d", "conv_kernel": 31, "conv_stride": 4, "units": 4}, seed=0)
    assert np.isfinite(n.run(model, n.alone(n.ragged(SPEC), 3))).all()
