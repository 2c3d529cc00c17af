"""Outputs and their loss are the same to the last digit, however the work is cut."""

from __future__ import annotations

import math
import weakref
from functools import partial
from typing import Any

import numpy as np
import pytest
from small_problems import problem, trainer

from lstm_automl.data.split import Index
from lstm_automl.models import forward
from lstm_automl.models.batches import prediction_batches
from lstm_automl.models.calls import Interrupted
from lstm_automl.models.fit import fit
from lstm_automl.models.forward import Forward
from lstm_automl.models.predictor import Predictor
from lstm_automl.models.trainer import Trainer


@pytest.fixture(autouse=True)
def _a_batch_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "CALL_SECONDS", 0.0)
    monkeypatch.setattr(forward, "prediction_batches", partial(prediction_batches, most=7))


def counted(made: Forward, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Batches of each graph call."""
    found: list[int] = []
    call = made.call

    def counting(*given: Any) -> Any:
        found.append(len(given[4]))
        return call(*given)

    monkeypatch.setattr(made, "call", counting)
    return found


def watched(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Trainer, list[int], Index]:
    """A trainer, batches of each of its graph calls, fifty examples."""
    made = trainer(problem(name))
    return made, counted(made.graph.forward, monkeypatch), problem(name).split.folds[0].train[:50]


@pytest.mark.parametrize("name", ["classification", "regression", "forecasting"])
def test_cut_or_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, calls, train = watched(name, monkeypatch)
    outputs, loss = made.validate(train)
    assert calls.pop() > 3
    cut, again = made.validate(train, lambda: False)
    assert calls == [1] * len(calls)
    np.testing.assert_array_equal(cut, outputs)
    assert again == loss
    monkeypatch.setattr(forward, "CALL_SECONDS", 2.5 * (made.graph.forward._pace or 0) * 7 * 12)
    np.testing.assert_array_equal(made.validate(train, lambda: False)[0], outputs)
    assert made.validate(train, lambda: False)[1] == loss


@pytest.mark.parametrize("name", ["classification", "regression", "forecasting"])
def test_a_call_without_a_stop_is_bounded_in_what_it_returns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, calls, train = watched(name, monkeypatch)
    outputs, loss = made.validate(train)
    whole = calls.pop()
    assert not calls
    one = math.prod(outputs.shape[1:])
    for most, expected in ((outputs.size, 1), (outputs.size - 1, 2), (14 * one, None), (1, whole)):
        monkeypatch.setattr(forward, "CALL_NUMBERS", most)
        cut, again = made.validate(train)
        np.testing.assert_array_equal(cut, outputs)
        assert again == loss
        assert sum(calls) == whole
        assert len(calls) == expected or (expected is None and max(calls) * 7 * one <= most and len(calls) > 2)
        calls.clear()


def test_a_call_with_a_stop_is_bounded_in_what_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "CALL_SECONDS", 600.0)
    made = trainer(problem("forecasting"))
    train = problem("forecasting").split.folds[0].train[:49]
    outputs, loss = made.validate(train)
    for _ in range(2):  # what is left is one call by its time
        made.validate(train, lambda: False)
    monkeypatch.setattr(forward, "CALL_NUMBERS", outputs.size // 7 * 3)
    calls = counted(made.graph.forward, monkeypatch)
    cut, again = made.validate(train, lambda: False)
    assert calls == [3, 3, 1]
    np.testing.assert_array_equal(cut, outputs)
    assert again == loss


def test_a_predictor_keeps_no_more_than_one_calls_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = problem("forecasting")
    made, examples = Predictor.of(trainer(found)), found.split.folds[0].train[:35]
    outputs = made.outputs(found.frame, examples)
    assert made._forward is not None
    monkeypatch.setattr(forward, "CALL_NUMBERS", outputs.size // 5 * 2)
    call, pieces, alive = made._forward.call, [], []

    def looking(*given: Any) -> Any:
        alive.append(sum(piece() is not None for piece in pieces))
        results = call(*given)
        pieces.append(weakref.ref(results[0]))
        return results

    monkeypatch.setattr(made._forward, "call", looking)
    np.testing.assert_array_equal(made.outputs(found.frame, examples), outputs)
    assert alive == [0, 0, 0]


def test_a_stop_is_seen_between_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer(problem("classification"))
    examples = problem("classification").split.folds[0].train[:50]
    for _ in range(2):
        made.validate(examples)
    calls = counted(made.graph.forward, monkeypatch)
    with pytest.raises(Interrupted):
        made.validate(examples, lambda: len(calls) == 2)
    assert calls == [1, 1]


def test_what_fits_into_one_more_call_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "CALL_SECONDS", 600.0)
    made = trainer(problem("classification"))
    examples = problem("classification").split.folds[0].train[:50]
    assert np.isfinite(made.validate(examples, lambda: True)[1])


def test_an_epoch_whose_validation_is_left_is_not_trained() -> None:
    found = problem("classification")
    fold = found.split.folds[0]
    one, two = trainer(found, dropout=0.2), trainer(found, dropout=0.2)
    fit(one, fold.train, fold.train[:50], to_epoch=1, metric=found.metric)
    epochs: list[int] = []
    validating: list[bool] = []
    validate = two.validate

    def watched(*given: Any) -> Any:
        validating.append(True)
        return validate(*given)

    two.validate = watched  # type: ignore[method-assign]
    result = fit(
        two, fold.train, fold.train[:50], to_epoch=3, metric=found.metric, on_epoch=lambda e: epochs.append(e.epoch),
        should_stop=lambda: len(validating) == 2,
    )  # fmt: skip
    assert (result.status, epochs, result.progress.next_epoch) == ("stopped", [0], 1)
    a, b = one.snapshot(), two.snapshot()
    assert all(np.array_equal(a[name], b[name]) for name in a)
