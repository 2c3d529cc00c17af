"""Our metrics against scikit-learn's, and where there is nothing to compare."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from lstm_automl.tasks.metrics import labels, numbers


def _outputs(classes: int, n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, n)
    true[:classes] = np.arange(classes)
    probabilities = rng.random((n, classes)).round(2) + 0.01 + 0.8 * np.eye(classes)[true] * rng.random((n, 1))
    return true, probabilities / probabilities.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_label_metrics_equal_scikit_learn(classes: int) -> None:
    true, p = _outputs(classes)
    best = p.argmax(axis=1)
    area = p[:, 1] if classes == 2 else p
    assert labels.accuracy(true, p) == pytest.approx(reference.accuracy_score(true, best))
    assert labels.balanced_accuracy(true, p) == pytest.approx(reference.balanced_accuracy_score(true, best))
    assert labels.f1_macro(true, p) == pytest.approx(reference.f1_score(true, best, average="macro"))
    assert labels.log_loss(true, p) == pytest.approx(reference.log_loss(true, p))
    assert labels.auroc(true, p) == pytest.approx(reference.roc_auc_score(true, area, multi_class="ovr"))


def test_a_label_that_training_never_saw_counts_as_wrong() -> None:
    p = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert labels.accuracy(np.array([0, -1]), p) == 0.5
    assert labels.balanced_accuracy(np.array([0, -1]), p) == 0.5
    assert labels.f1_macro(np.array([0, -1]), p) == pytest.approx(1 / 3)
    assert labels.log_loss(np.array([0, -1]), p) > 15
    assert labels.auroc(np.array([0, -1]), p) == 0.5


def test_a_certain_mistake_costs_much_but_not_infinity() -> None:
    wrong = labels.log_loss(np.array([0]), np.array([[0.0, 1.0]], np.float32))
    assert wrong == pytest.approx(-np.log(np.finfo(np.float32).eps))


def test_auroc_leaves_out_classes_without_examples() -> None:
    true, p = np.array([0, 0, 1, 1]), np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.4, 0.5, 0.1], [0.1, 0.8, 0.1]])
    first = reference.roc_auc_score(true == 0, p[:, 0])
    second = reference.roc_auc_score(true == 1, p[:, 1])
    assert labels.auroc(true, p) == pytest.approx((first + second) / 2)
    assert labels.auroc(np.array([1, 1]), p[:2]) == 0.5


def test_outputs_that_are_not_numbers_never_score_well() -> None:
    true, p = np.array([0, 1]), np.array([[np.nan, np.nan], [0.2, 0.8]])
    assert labels.accuracy(true, p) == 0.5
    assert np.isnan(labels.log_loss(true, p))
    assert np.isnan(labels.auroc(true, p))


def test_number_metrics_equal_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    true, predicted = rng.normal(50, 9, 100), rng.normal(50, 9, 100)
    assert numbers.rmse(true, predicted) == pytest.approx(reference.root_mean_squared_error(true, predicted))
    assert numbers.mae(true, predicted) == pytest.approx(reference.mean_absolute_error(true, predicted))
    assert numbers.r2(true, predicted) == pytest.approx(reference.r2_score(true, predicted))


def test_r2_of_targets_that_do_not_vary() -> None:
    same = np.full(3, 2.0)
    assert numbers.r2(same, same) == 1.0
    assert numbers.r2(same, np.array([2.0, 2.0, 3.0])) == 0.0
    assert np.isnan(numbers.r2(same, same * np.nan))
