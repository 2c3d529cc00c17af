"""Trainers of one kind share a compiled graph, and nothing can tell whether they did."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from small_problems import OWN, TINY, equal_lengths, problem

from lstm_automl.models import graph as module
from lstm_automl.models.calls import Compiled, quickly
from lstm_automl.models.trainer import Trainer
from lstm_automl.tasks.problem import Problem

RICH = {
    "classification": {"dropout": 0.3, "ema": True, "weight_decay": 0.1, "augment": "mixup", "front_end": "cnn1d"},
    "regression": {"bidirectional": True, "num_layers": 2, "dropout": 0.2, "optimizer": "adam", "augment": "jitter"},
    "forecasting": {"recurrent_dropout": 0.2, "ema": True, "optimizer": "rmsprop", "linear_skip": True},
}


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    module._kept.clear()
    yield
    module._kept.clear()


def trained(found: Problem, examples: Any, key: tuple[int, ...], **values: Any) -> tuple[Trainer, list[np.ndarray]]:
    """A run of two epochs, and all that came of it."""
    state = found.task.fit_state(found.frame, examples, found.options)
    values = {**TINY, **OWN[found.task.name], **values}
    made = Trainer(found.task, found.frame, state, values, seed_key=key, options=found.options, max_epochs=4)
    losses = [made.run_epoch(examples, epoch) for epoch in range(2)]
    outputs, loss = made.validate(found.split.folds[0].valid)
    return made, [*made.snapshot().values(), outputs, np.array([*losses, loss]), *made.weights()]


def same(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("name", RICH)
def test_what_is_shared_changes_nothing(name: str) -> None:
    found = problem(name)
    train, refit = found.split.folds[0].train, found.split.refit
    # Another fold, another seed, the refit, another learning rate: all on the graph of the first.
    runs: list[Callable[[], Any]] = [
        lambda: trained(found, train, (1, 2), **RICH[name]),
        lambda: trained(found, train[: len(train) // 2], (1, 2), **RICH[name]),
        lambda: trained(found, train, (1, 3), **RICH[name]),
        lambda: trained(found, refit, (1, 2), **RICH[name], learning_rate=0.003, schedule="cosine"),
    ]
    alone = []
    for run in runs:
        module._kept.clear()
        alone.append(run()[1])
    module._kept.clear()
    together = [run() for run in runs]
    assert len({id(made.graph) for made, _ in together}) == 1
    assert together[0][0].graph.train.traces == 1
    assert all(same(a, b) for a, (_, b) in zip(alone, together, strict=True))
    assert not any(same(a, alone[0]) for a in alone[1:])


def test_a_run_that_goes_on_beside_another_of_its_kind() -> None:
    found = equal_lengths()
    train = found.split.folds[0].train
    whole = trained(found, train, (1,), dropout=0.2, ema=True)[0]
    first, other = (trained(found, train, key, dropout=0.2, ema=True)[0] for key in ((1,), (2,)))
    for made in (other, first):
        made.run_epoch(train, 2)
        made.validate(train)
    whole.run_epoch(train, 2)
    assert same(list(whole.snapshot().values()), list(first.snapshot().values()))


@pytest.mark.parametrize(
    "changed",
    [
        {"units": 5}, {"dropout": 0.2}, {"optimizer": "adam"}, {"clipnorm": 0.5}, {"weight_decay": 0.1}, {"ema": True},
        {"augment": "scaling"}, {"label_smoothing": 0.1}, {"window": 3}, {"difference": True}, {"bidirectional": True},
    ],
    ids=str,
)  # fmt: skip
def test_another_kind_has_its_own(changed: dict[str, Any]) -> None:
    found = equal_lengths()
    train = found.split.folds[0].train
    one, other = trained(found, train, (1,))[0], trained(found, train, (1,), **changed)[0]
    assert one.graph is not other.graph


def test_the_latest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    found = equal_lengths()
    train = found.split.folds[0].train
    first, second, again, third = (trained(found, train, (1,), units=u)[0].graph for u in (2, 3, 2, 4))
    assert again is first
    assert list(module._kept.values()) == [first, third]
    assert trained(found, train, (1,), units=3)[0].graph is not second


def test_options_of_a_call_are_put_back() -> None:
    from tensorflow.python.eager import context

    before = context.context().function_call_options.as_attrs()
    with quickly():
        assert context.context().function_call_options.as_attrs() != before
        assert float(tf.function(lambda: tf.constant(1.0))()) == 1.0
    assert context.context().function_call_options.as_attrs() == before


def test_what_is_not_kept_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow alone would hold each graph for ever, by the gradient of its fused layers."""
    from tensorflow.python.framework import ops

    monkeypatch.setattr(module, "MOST", 1)
    found = equal_lengths()
    train = found.split.folds[0].train
    registered = len(ops.gradient_registry._registry)
    graphs = [weakref.ref(trained(found, train, (1,), units=u, num_layers=2)[0].graph) for u in (2, 3, 5)]
    assert len(ops.gradient_registry._registry) == registered
    module.tidy()
    assert [graph() is None for graph in graphs] == [True, True, False]


def test_control_flow_of_the_first_version_is_run_all_the_same() -> None:
    def old(x: tf.Tensor) -> tf.Tensor:
        from tensorflow.python.ops import control_flow_ops

        left, right = control_flow_ops.switch(x, x > 0)
        return control_flow_ops.merge([-left, right])[0]

    made = Compiled(old, [tf.TensorSpec([], tf.float32)])
    assert [float(made(tf.constant(x))) for x in (-2.0, 3.0)] == [2.0, 3.0]
    assert not made._in_turn


def test_threads_share_a_kind() -> None:
    found = equal_lengths()
    train = found.split.folds[0].train
    alone = [trained(found, train, (key,), num_layers=2)[1] for key in range(3)]
    module._kept.clear()
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda key: trained(found, train, (key,), num_layers=2)[1], range(3)))
    assert all(same(a, b) for a, b in zip(alone, together, strict=True))
