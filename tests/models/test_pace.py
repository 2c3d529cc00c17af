"""Graph calls of about a second: by a clock of our own, which a step of a sequence moves on by what it should take."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from small_problems import equal_lengths, problem, trainer

from lstm_automl.models import forward, graph
from lstm_automl.models import trainer as module
from lstm_automl.models.batches import prediction_batches
from lstm_automl.models.calls import Interrupted
from lstm_automl.models.trainer import Trainer

TRACING = 3.0
"""Seconds that the first call of a graph takes besides."""


class Clock:
    """Seconds pass only in graph calls.

    Args:
        monkeypatch: Puts it in the place of the clocks of training and validation.
        pace: Seconds of training a step of a sequence; validation takes a third.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pace: float) -> None:
        self.now, self.pace = 0.0, pace
        self.trained: list[tuple[int, float]] = []  # steps and seconds of each call, without tracing
        self.validated: list[tuple[int, float]] = []  # likewise batches
        self._patch = monkeypatch
        for used in (module, forward):
            monkeypatch.setattr(used, "time", SimpleNamespace(perf_counter=lambda: self.now))

    def watch(self, made: Trainer) -> None:
        """Count the graph calls of a trainer from here on."""
        train, call = made.graph.train, made.graph.forward.call

        def training(function: Any, *given: Any) -> Any:
            index, lengths = given[3], given[4]
            self._pass(function, self.trained, len(lengths), self.pace * index.shape[1] * int(lengths.sum()))
            return function(*given)

        def validating(function: Any, *given: Any) -> Any:
            ends, steps = given[3], given[4]
            rows = int((np.diff(ends, prepend=0) * steps).sum())
            self._pass(function, self.validated, len(steps), self.pace / 3 * rows)
            return function(*given)

        self._patch.setattr(made.graph, "train", partial(training, train))
        self._patch.setattr(made.graph.forward, "call", partial(validating, call))

    def _pass(self, function: Any, calls: list[tuple[int, float]], count: int, seconds: float) -> None:
        calls.append((count, seconds))
        self.now += seconds if function._ready else seconds + TRACING


@pytest.fixture(autouse=True)
def _a_graph_of_its_own() -> Iterator[None]:
    graph._kept.clear()
    yield
    graph._kept.clear()


@pytest.mark.parametrize(
    ("step", "warm"), [(0.0001, [16]), (0.02, [16]), (0.048, [10, 6]), (0.09, [5, 5, 5, 1]), (2.0, [1] * 16)]
)
def test_a_call_takes_as_many_steps_as_fit(step: float, warm: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    train, made = equal_lengths().split.folds[0].train, trainer(equal_lengths())
    clock = Clock(monkeypatch, step / (16 * 6))  # 16 sequences of 6 steps
    clock.watch(made)
    made.run_epoch(train, 0)
    assert sum(steps for steps, _ in clock.trained) == 16
    assert all(steps == 1 or seconds <= 1 for steps, seconds in clock.trained)
    cold = len(clock.trained)
    assert cold <= len(warm) + 2  # two short ones: the first may trace, the second shows the pace
    made.run_epoch(train, 1)
    assert [steps for steps, _ in clock.trained[cold:]] == warm


def test_long_sequences_make_calls_of_fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    found = problem("classification")
    made, train = trainer(found), found.split.folds[0].train
    longest = int(found.frame.lengths.max())
    clock = Clock(monkeypatch, 0.1 / (16 * longest))
    clock.watch(made)
    for epoch in range(2):
        made.run_epoch(train, epoch)
    assert max(seconds for _, seconds in clock.trained) <= module.CALL_SECONDS
    whole = [steps for steps, seconds in clock.trained[2:] if seconds > module.CALL_SECONDS - 0.1]
    assert min(whole) >= 5
    assert len(set(whole)) > 1


def test_a_warm_epoch_of_many_steps_is_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer(equal_lengths(320), batch_size=4)
    train = equal_lengths(320).split.refit
    clock = Clock(monkeypatch, 1e-7)
    clock.watch(made)
    made.run_epoch(train, 0)
    clock.trained.clear()
    made.run_epoch(train, 1)
    assert len(train) // 4 >= 64
    assert [steps for steps, _ in clock.trained] == [len(train) // 4]


def test_python_runs_a_call_and_not_a_step() -> None:
    made = trainer(equal_lengths(320), batch_size=4, dropout=0.2, augment="jitter")
    made.run_epoch(equal_lengths(320).split.refit, 0)
    plan = made._plan(equal_lengths(320).split.refit, 1)

    def run(steps: int) -> int:
        with counted() as count:
            made.graph.train(made._tensors, made._decay, made._now, *(part[:steps] for part in plan))
        return count()

    run(1)
    few, many = run(1), run(64)
    assert len(plan[0]) == 64
    assert 0 < many == few
    assert made.graph.train.traces == 1
    operations = operations_of(made.graph.train._function.get_concrete_function().graph)
    assert operations & {"While", "StatelessWhile"}
    assert not [name for name in operations if "PyFunc" in name]


@contextmanager
def counted() -> Iterator[Callable[[], int]]:
    """How many Python functions this thread calls within it."""
    found: list[str] = []

    def note(frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            found.append(frame.f_code.co_name)

    gc.collect()
    gc.disable()
    sys.setprofile(note)
    try:
        yield lambda: len(found)
    finally:
        sys.setprofile(None)
        gc.enable()


def operations_of(graph: Any) -> set[str]:
    """The kinds of operations in a graph and in all its functions."""
    definition = graph.as_graph_def()
    bodies = [definition.node, *(function.node_def for function in definition.library.function)]
    return {node.op for nodes in bodies for node in nodes}


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], tuple[Trainer, Clock, Any]]:
    """A trainer after an epoch of so many seconds a step, its clock, and examples in eight batches."""

    def make(step: float) -> tuple[Trainer, Clock, Any]:
        monkeypatch.setattr(forward, "prediction_batches", partial(prediction_batches, most=7))
        train, made = equal_lengths().split.refit, trainer(equal_lengths())
        clock = Clock(monkeypatch, step / (16 * 6))
        clock.watch(made)
        made.run_epoch(train, 0, lambda: False)
        return made, clock, train[:56]

    return make


def test_every_validation_pass_of_ordinary_size_is_one_call(validated: Any) -> None:
    made, clock, examples = validated(0.01)
    passes = [made.validate(examples, lambda: False) for _ in range(3)]
    assert [batches for batches, _ in clock.validated] == [-(-len(examples) // 7)] * 3
    assert len({(outputs.tobytes(), loss) for outputs, loss in passes}) == 1


def test_a_long_validation_pass_is_cut_and_left(validated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made, clock, examples = validated(1.2)
    outputs, loss = made.validate(examples, lambda: False)
    first = [batches for batches, _ in clock.validated]
    assert len(first) >= 2
    assert all(batches == 1 or seconds <= 1 for batches, seconds in clock.validated)
    clock.validated.clear()
    later = made.validate(examples, lambda: False)
    assert 2 <= len(clock.validated) < len(first)  # by its own pace, a third of the one of training
    assert max(seconds for _, seconds in clock.validated) <= forward.CALL_SECONDS
    assert np.array_equal(later[0], outputs)
    assert later[1] == loss
    whole = made.validate(examples)
    assert np.array_equal(whole[0], outputs)
    assert whole[1] == loss


def test_the_first_validation_pass_can_be_left(validated: Any) -> None:
    made, clock, examples = validated(1.2)
    with pytest.raises(Interrupted):
        made.validate(examples, lambda: True)
    assert len(clock.validated) == 1


def test_untrained_the_first_batch_is_a_call_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward, "prediction_batches", partial(prediction_batches, most=7))
    made = trainer(equal_lengths())
    clock = Clock(monkeypatch, 1e-6)
    clock.watch(made)
    made.validate(equal_lengths().split.refit[:35], lambda: False)
    assert [batches for batches, _ in clock.validated] == [1, 1, 3]
