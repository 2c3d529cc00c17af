"""Epochs, scores, patience: with scores made up, so that every decision is known beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from small_problems import TINY, equal_lengths, problem, trainer

from lstm_automl.models import trainer as module
from lstm_automl.models.fit import fit, fit_problem
from lstm_automl.models.progress import FitResult, Progress
from lstm_automl.models.trainer import Trainer
from lstm_automl.tasks.task import Metric

HIGH, LOW = Metric("m", "max"), Metric("m", "min")


class Scripted:
    """A trainer whose scores and losses are given."""

    def __init__(self, made: Trainer, scores: list[float], losses: list[float] | None = None) -> None:
        self.made, self.scores = made, iter(scores)
        self.losses = iter(losses or [1.0] * len(scores))
        made.run_epoch = lambda *_: 0.5  # type: ignore[method-assign]
        made.validate = lambda *_: (np.zeros(1), next(self.losses))  # type: ignore[method-assign]

    def score(self, outputs: Any) -> dict[str, float]:
        return {"m": next(self.scores), "other": float("nan")}


@pytest.fixture(scope="module")
def bare() -> Trainer:
    return trainer(equal_lengths())


@pytest.fixture
def made(bare: Trainer) -> Iterator[Trainer]:
    yield bare
    for name in ("run_epoch", "validate"):
        bare.__dict__.pop(name, None)


def scripted(made: Trainer, scores: list[float], losses: list[float] | None = None, **settings: Any) -> FitResult:
    script = Scripted(made, scores, losses)
    fold = equal_lengths().split.folds[0]
    settings = {"to_epoch": len(scores), "metric": HIGH, "score": script.score} | settings
    return fit(made, fold.train, fold.valid, **settings)


@pytest.mark.parametrize(
    ("metric", "scores", "losses", "best"),
    [
        (HIGH, [0.1, 0.3, 0.2], None, 1),
        (LOW, [0.3, 0.1, 0.2], None, 1),
        (HIGH, [0.3, 0.3, 0.3], [3.0, 1.0, 2.0], 1),
        (HIGH, [0.3, 0.3], [1.0, 1.0], 0),
        (LOW, [-0.5, 0.5], None, 0),
    ],
)
def test_best(made: Trainer, metric: Metric, scores: list[float], losses: list[float] | None, best: int) -> None:
    found = scripted(made, scores, losses, metric=metric)
    assert (found.best_epoch, found.score, found.status) == (best, scores[best], "completed")
    assert [e.epoch for e in found.epochs] == list(range(len(scores)))
    assert found.epochs[0].scores.keys() == {"m", "val_loss"}  # what is undefined is left out


def test_patience_waits_for_the_second_half_of_a_falling_schedule(
    made: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = [0.9, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1, 0.1]
    monkeypatch.setitem(made.values, "schedule", "cosine")
    monkeypatch.setattr(made, "max_epochs", 8)
    assert len(scripted(made, scores, patience=2).epochs) == 7
    monkeypatch.setitem(made.values, "schedule", "constant")
    assert len(scripted(made, scores, patience=2).epochs) == 3


def test_patience(made: Trainer) -> None:
    found = scripted(made, [0.1, 0.5, 0.4, 0.3, 0.9], patience=2)
    assert (len(found.epochs), found.best_epoch, found.progress.stopped) == (4, 1, True)
    assert found.status == "completed"
    again = scripted(made, [0.9], to_epoch=9, patience=2, progress=found.progress)
    assert (again.epochs, again.best_epoch, again.score) == ((), 1, 0.5)


def test_pieces_remember(made: Trainer) -> None:
    scores = [0.1, 0.5, 0.4, 0.3, 0.2, 0.1]
    whole = scripted(made, scores, patience=3)
    first = scripted(made, scores[:3], patience=3)
    progress = Progress(**first.progress.to_json())
    rest = scripted(made, scores[3:], to_epoch=6, patience=3, progress=progress)
    assert (rest.best_epoch, rest.score, rest.progress) == (1, 0.5, whole.progress)
    assert [e.epoch for e in (*first.epochs, *rest.epochs)] == [e.epoch for e in whole.epochs]


@pytest.mark.parametrize(
    ("scores", "losses"),
    [
        ([np.nan], None),
        ([0.5, np.inf], None),
        ([0.5, -np.inf], None),
        ([0.5, 0.6], [1.0, np.nan]),
        ([0.5, 0.6], [np.inf, 1.0]),
    ],
)
def test_what_is_not_finite_diverged(made: Trainer, scores: list[float], losses: list[float] | None) -> None:
    found = scripted(made, [*scores, 0.9], losses and [*losses, 1.0])
    assert found.status == "diverged"
    assert all(np.isfinite(list(e.scores.values())).all() for e in found.epochs)
    assert len(found.epochs) < len(scores) + 1


def test_a_loss_or_outputs_that_are_not_finite_diverged(made: Trainer) -> None:
    script = Scripted(made, [0.5])
    fold = equal_lengths().split.folds[0]
    made.validate = lambda *_: (np.array([np.nan]), 1.0)  # type: ignore[method-assign]
    assert fit(made, fold.train, fold.valid, to_epoch=1, metric=HIGH, score=script.score).status == "diverged"
    made.run_epoch = lambda *_: float("nan")  # type: ignore[method-assign]
    assert fit(made, fold.train, None, to_epoch=1, metric=HIGH).status == "diverged"


def test_without_validation_the_last_epoch_is_the_best(made: Trainer) -> None:
    made.run_epoch = lambda *_: 0.5  # type: ignore[method-assign]
    found = fit(made, equal_lengths().split.refit, None, to_epoch=3, metric=HIGH, patience=1)
    assert (found.best_epoch, found.score, len(found.epochs)) == (2, None, 3)
    assert found.epochs[0].scores == {}


def test_weights_that_the_last_step_broke_diverged_without_validation(
    made: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.run_epoch = lambda *_: 0.5  # type: ignore[method-assign]
    weights = made.weights()
    weights[-1] = np.full_like(weights[-1], np.inf)
    monkeypatch.setattr(made, "weights", lambda: weights)
    found = fit(made, equal_lengths().split.refit, None, to_epoch=1, metric=HIGH)
    assert (found.status, found.epochs) == ("diverged", ())


def test_stopped_stands_at_the_end_of_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CALL_SECONDS", 0.0)  # a step a call
    fold = equal_lengths().split.folds[0]
    one = trainer(equal_lengths(), dropout=0.2)
    fit(one, fold.train, fold.valid, to_epoch=1, metric=Metric("accuracy", "max"))
    two = trainer(equal_lengths(), dropout=0.2)
    seen: list[int] = []
    asked: list[bool] = []

    def stop() -> bool:  # in the middle of the second epoch
        asked.append(bool(seen))
        return sum(asked) > 3

    found = fit(
        two,
        fold.train,
        fold.valid,
        to_epoch=5,
        metric=Metric("accuracy", "max"),
        on_epoch=lambda e: seen.append(e.epoch),
        should_stop=stop,
    )
    assert (found.status, seen, found.progress.next_epoch) == ("stopped", [0], 1)
    a, b = one.snapshot(), two.snapshot()
    assert all(np.array_equal(a[k], b[k]) for k in a)


def test_in_process_with_the_best_weights() -> None:
    found = problem("classification")
    fold = found.split.folds[0]
    made, result = fit_problem(found, {**TINY, "ema": True}, train=fold.train, valid=fold.valid, max_epochs=3)
    scores = found.task.score(found.frame, fold.valid, made.predict(fold.valid), made.state)
    assert scores["accuracy"] == result.score == result.epochs[result.best_epoch].scores["accuracy"]
    assert made.validate(fold.valid)[1] == pytest.approx(result.loss, rel=1e-6)
    again, _ = fit_problem(found, {**TINY, "ema": True}, train=fold.train, valid=fold.valid, max_epochs=3)
    assert np.array_equal(again.predict(fold.valid), made.predict(fold.valid))
