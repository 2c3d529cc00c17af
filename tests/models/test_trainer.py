"""The training loop: exact, seeded, indifferent to how an epoch is cut, and without dead options."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_problems import equal_lengths, problem, trainer

from lstm_automl.models import trainer as module
from lstm_automl.models.calls import Interrupted
from lstm_automl.models.trainer import Trainer

TRAIN = slice(0, 24)


def weights(found: Trainer) -> np.ndarray:
    return found.snapshot()["state_weights"]


def after(epochs: int = 1, name: str = "equal", key: tuple[int, ...] = (1, 2), **values: Any) -> np.ndarray:
    found = problem(name) if name != "equal" else equal_lengths()
    made = trainer(found, key, **values)
    for epoch in range(epochs):
        assert np.isfinite(made.run_epoch(found.split.folds[0].train[TRAIN], epoch))
    return weights(made)


@pytest.mark.parametrize("name", ["classification", "regression", "forecasting"])
def test_it_learns(name: str) -> None:
    found = problem(name)
    made = trainer(found, max_epochs=6, units=8)
    train, valid = found.split.folds[0].train[:150], found.split.folds[0].valid
    before = made.validate(valid)[1]
    for epoch in range(6):
        made.run_epoch(train, epoch)
    outputs = made.predict(valid)
    assert outputs.shape[0] == len(valid)
    assert made.validate(valid)[1] < 0.9 * before
    assert np.array_equal(made.validate(valid)[0], outputs)


def test_the_key_decides_everything() -> None:
    dropped = {"dropout": 0.3, "recurrent_dropout": 0.1, "augment": "jitter"}
    first = after(2, **dropped)
    assert np.array_equal(first, after(2, **dropped))
    assert not np.allclose(first, after(2, key=(1, 3), **dropped))


def test_epochs_have_their_own_randomness() -> None:
    found = equal_lengths()
    made = trainer(found, dropout=0.3)
    states = []
    for epoch in (0, 1, 0):
        others = made._seeded(epoch)["others"]
        states.append([np.array(others[i]).tolist() for i in made.graph.generators])
    assert states[0]
    assert states[0] == states[2] != states[1]
    assert len({tuple(s) for s in states[0]}) == len(states[0])


def test_how_an_epoch_is_cut_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"dropout": 0.2, "augment": "mixup", "schedule": "one_cycle"}
    whole = after(2, "classification", **values)
    for call in (0.0, 100.0):  # one step a call; as few calls as possible
        monkeypatch.setattr(module, "CALL_SECONDS", call)
        assert np.array_equal(whole, after(2, "classification", **values))


@pytest.mark.parametrize(
    "changed",
    [
        {"optimizer": "adam"},
        {"learning_rate": 0.02},
        {"schedule": "cosine"},
        {"schedule": "one_cycle"},
        {"clipnorm": 0.01},
        {"weight_decay": 0.1},
        {"label_smoothing": 0.1},
        {"augment": "jitter"},
        {"augment": "scaling"},
        {"augment": "circular_shift"},
        {"augment": "mixup"},
        {"batch_size": 8},
        {"batch_size": None},
        {"window": 3},
        {"dropout": 0.2},
    ],
    ids=str,
)
def test_no_option_is_dead(changed: dict[str, Any]) -> None:
    assert not np.allclose(after(), after(**changed), atol=1e-7)


def test_loss_of_numbers_is_an_option_too() -> None:
    assert len({after(name="regression", loss=loss).tobytes() for loss in ("mse", "mae", "huber")}) == 3


def test_averaged_weights_predict_and_do_not_train() -> None:
    found = equal_lengths()
    train = found.split.folds[0].train
    plain, averaged = trainer(found), trainer(found, ema=True)
    fresh = averaged.predict(train)
    assert np.array_equal(fresh, plain.predict(train))  # nothing to average yet
    for epoch in range(3):
        plain.run_epoch(train, epoch)
        averaged.run_epoch(train, epoch)
        averaged.predict(train)
    assert np.array_equal(weights(plain), weights(averaged))
    assert not np.allclose(plain.predict(train), averaged.predict(train))
    kept = averaged.predict(train)
    averaged.settle(None)
    assert np.array_equal(averaged.predict(train), kept)


def test_averages_follow_from_the_first_epoch_on() -> None:
    found = equal_lengths()
    train = found.split.folds[0].train
    made = trainer(found, ema=True)
    start = made.weights()
    made.run_epoch(train, 0)
    raw, averaged = made.weights(averaged=False), made.weights()
    way = sum(float(np.abs(b - a).sum()) for a, b in zip(start, raw, strict=True))
    left = sum(float(np.abs(b - a).sum()) for a, b in zip(averaged, raw, strict=True))
    assert 0 < left < 0.5 * way  # 0.9 of the way and more with a momentum of 0.99


def test_predictions_do_not_depend_on_company() -> None:
    found = problem("classification")
    made = trainer(found, bidirectional=True, num_layers=2, pooling="mean")
    examples = found.split.folds[0].valid
    together = made.predict(examples)
    alone = np.concatenate([made.predict(examples[i : i + 1]) for i in range(len(examples))])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_array_equal(made.predict(examples[::-1])[::-1], together)
    assert made.predict(examples[:0]).shape == (0, together.shape[1])


def test_double_precision_full_batch() -> None:
    found = equal_lengths()
    state = found.task.fit_state(found.frame, found.split.folds[0].train, found.options)
    made = Trainer(
        found.task,
        found.frame,
        state,
        {"units": 4, "batch_size": None},
        seed_key=(0,),
        options=found.options,
        max_epochs=2,
        dtype="float64",
    )
    train = found.split.folds[0].train
    first, second = made.run_epoch(train, 0), made.run_epoch(train, 1)
    assert second < first
    assert made.predict(train).dtype == np.float64
    assert {w.dtype for w in made.weights()} == {np.dtype("float64")}


def test_a_weight_of_zero_is_absence() -> None:
    from dataclasses import replace

    from lstm_automl.data.frame import Field

    found = equal_lengths()
    train = found.split.folds[0].train
    weight = np.ones(len(found.frame))
    weight[train[10:]] = 0
    frame = replace(found.frame, fields={**found.frame.fields, "weight": Field(weight)})
    state = found.task.fit_state(found.frame, train, found.options)

    def trained(frame: Any, examples: Any) -> np.ndarray:
        made = Trainer(
            found.task,
            frame,
            state,
            {"units": 4, "batch_size": None},
            seed_key=(0,),
            options=found.options,
            max_epochs=1,
            dtype="float64",
        )
        made.run_epoch(examples, 0)
        return made.predict(examples)[:10]

    np.testing.assert_allclose(trained(frame, train), trained(found.frame, train[:10]), atol=1e-9)


def test_interrupted_between_calls() -> None:
    made = trainer(equal_lengths(), dropout=0.2)
    before = made.snapshot()
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Interrupted):
        made.run_epoch(equal_lengths().split.folds[0].train, 0, stop)
    after = made.snapshot()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_one_trace_serves_all_batches() -> None:
    found = problem("classification")
    made = trainer(found)
    for epoch, train in enumerate([found.split.refit, found.split.folds[0].train, found.split.refit[:5]]):
        made.run_epoch(train, epoch)
        made.predict(train)
    assert made.graph.train.traces == 1
    assert made.graph.forward.call.traces == 1


def test_a_rate_that_explodes_gives_nan() -> None:
    found = problem("regression")
    made = trainer(found, learning_rate=1e30, optimizer="rmsprop", clipnorm=0)
    assert any(np.isnan(made.run_epoch(found.split.folds[0].train, e)) for e in range(2))
