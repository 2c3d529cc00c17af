"""Losses against their definitions in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from lstm_automl.errors import UnknownNameError
from lstm_automl.models.losses import loss, loss_per_example

P = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], "float32")


def test_crossentropy() -> None:
    found = ops.convert_to_numpy(loss_per_example("crossentropy", np.array([0, 1]), P))
    np.testing.assert_allclose(found, [-np.log(0.7), -np.log(0.1)], rtol=1e-6)


def test_codes_may_be_a_column() -> None:
    found = ops.convert_to_numpy(loss_per_example("crossentropy", np.array([[0], [1]]), P))
    assert found.shape == (2,)


def test_label_smoothing_spreads_the_target_over_all_classes() -> None:
    found = ops.convert_to_numpy(loss_per_example("crossentropy", np.array([0, 1]), P, label_smoothing=0.3))
    targets = np.eye(3)[:2] * 0.7 + 0.1
    np.testing.assert_allclose(found, -(targets * np.log(P)).sum(axis=1), rtol=1e-6)


def test_a_sure_mistake_is_finite() -> None:
    sure = np.array([[1.0, 0.0]], "float32")
    assert 16 < float(loss("crossentropy", np.array([1]), sure)) < 17


@pytest.mark.parametrize(("name", "expected"), [("mse", [2.5, 4.0]), ("mae", [1.5, 1.0]), ("huber", [1.0, 0.75])])
def test_numeric_losses_are_means_over_outputs(name: str, expected: list[float]) -> None:
    outputs = np.zeros((2, 2), "float32")
    y = np.array([[1.0, 2.0], [0.0, 2.0 if name != "mse" else 8**0.5]], "float32")
    np.testing.assert_allclose(ops.convert_to_numpy(loss_per_example(name, y, outputs)), expected, rtol=1e-6)


def test_a_missing_last_axis_of_one_is_no_broadcast() -> None:
    outputs = np.zeros((3, 1), "float32")
    assert float(loss("mse", np.array([1.0, 2.0, 3.0]), outputs)) == pytest.approx(14 / 3)


def test_weights() -> None:
    y, outputs = np.array([1.0, 3.0]), np.zeros((2, 1), "float32")
    assert float(loss("mse", y, outputs, np.array([3.0, 1.0]))) == pytest.approx((3 * 1 + 9) / 4)
    assert float(loss("mse", y, outputs, np.zeros(2))) == 0.0


def test_double_precision_stays() -> None:
    assert loss("huber", np.array([1.0]), np.zeros((1, 1))).dtype == "float64"


def test_an_unknown_loss_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'huber'"):
        loss("hubert", np.zeros(1), np.zeros((1, 1)))
