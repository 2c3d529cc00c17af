"""Shipped spaces in a stock Keras Tuner: declared whole, trained for real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from lstm_automl.errors import UsageError
from lstm_automl.search.hypermodel import SpaceHyperModel, hypermodel, without
from lstm_automl.search.hyperparameters import from_hyperparameters, to_hp_values, to_hyperparameters
from lstm_automl.spaces import catalog, loader
from lstm_automl.spaces.space import Parameter, Space

SMALL = {"units": "4", "num_layers": "1"}
# Keras Tuner's own, when it proposes.
pytestmark = pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning", "ignore:getName:DeprecationWarning")


def _random(space: Space, seed: int) -> dict[str, Any]:
    """What Keras Tuner's random search would propose."""
    hp = keras_tuner.HyperParameters()
    to_hyperparameters(space, hp)
    for i, p in enumerate(hp.space):
        hp.values[p.name] = p.random_sample(seed * 1000 + i)
    hp.ensure_active_values()
    return to_hyperparameters(space, hp)


@pytest.mark.parametrize("name", catalog.names())
def test_a_shipped_space_declares_its_defaults_and_stays_inside(name: str) -> None:
    space = loader.load(name)
    hp = keras_tuner.HyperParameters()
    assert to_hyperparameters(space, hp) == space.defaults()
    assert {p.name for p in hp.space} == set(space.parameters)
    seen = [_random(space, seed) for seed in range(30)]
    for values in seen:
        assert set(values) == {p.name for p in space.active(values)}
        for key, value in values.items():
            assert space.parameters[key].contains(value), f"{key} = {value!r}"
            assert type(value) in {type(v) for v in space.parameters[key].grid(3)}, f"{key} = {value!r}"
    assert len({tuple(sorted(v.items(), key=str)) for v in seen}) == len(seen)


def test_children_of_two_parents_and_choices_of_many_types() -> None:
    parameters = [
        Parameter("a", "choice", 0, values=(0, 0.5, 1)),
        Parameter("b", "choice", True, values=(True, False)),
        Parameter("c", "choice", "x", values=("x", 1, 2.5)),
        Parameter("d", "float", 0.3, 0.0, 0.6, step=0.1, when={"a": (0, 1), "b": (True,)}),
        Parameter("e", "int", 16, 8, 64, sampling="log", when={"c": (1, "x")}),
        Parameter("f", "fixed", 7, when={"d": (0.3,)}),
    ]
    space = Space("classification", {p.name: p for p in parameters})
    hp = keras_tuner.HyperParameters()
    values = to_hyperparameters(space, hp)
    assert values == space.defaults()
    assert set(values) == set("abcdef")
    assert from_hyperparameters(space, dict(hp.values)) == values
    assert to_hp_values(space, values) == hp.values
    for seed in range(40):
        drawn = _random(space, seed)
        assert set(drawn) == {p.name for p in space.active(drawn)}
        assert all(space.parameters[k].contains(v) for k, v in drawn.items())
        if "d" in drawn:
            assert drawn["d"] in space.parameters["d"].grid()


def _search(model: SpaceHyperModel, folder: Path, trials: int = 2) -> keras_tuner.RandomSearch:
    tuner = keras_tuner.RandomSearch(
        model, objective=model.objective, max_trials=trials, seed=3, directory=folder, project_name="stock"
    )
    tuner.search(**model.arrays(), epochs=2, verbose=0)
    return tuner


def test_random_search_of_the_shipped_space(tmp_path: Path) -> None:
    space = loader.load("classification", overrides={**SMALL, "batch_size": "64", "ema": "true"})
    model = hypermodel("classification", space)
    tuner = _search(model, tmp_path)
    trials = list(tuner.oracle.trials.values())
    assert [t.status for t in trials] == ["COMPLETED"] * 2
    assert "augment" not in trials[0].hyperparameters.values
    x, y, _ = model.arrays()["validation_data"]
    best = tuner.get_best_models(1)[0]
    accuracy = np.mean(best.predict(x, verbose=0).argmax(axis=1) == y)
    assert accuracy == pytest.approx(tuner.oracle.get_best_trials(1)[0].score, abs=1e-6)


@pytest.mark.parametrize("task", ["regression", "forecasting"])
def test_a_window_below_the_widest_reads_the_last_steps(task: str) -> None:
    space = loader.load(task, overrides=SMALL)
    model = hypermodel(task, space)
    hp = keras_tuner.HyperParameters()
    space = model.space
    to_hyperparameters(space, hp)
    narrow = min(int(v) for v in space.parameters["window"].grid())
    hp.values["window"] = narrow
    built = model.build(hp)
    x, y, weight = model.stock.arrays(model.stock.prepared.split.folds[0].valid[:8])
    outputs = built.predict(x, verbose=0)
    assert outputs.shape == y.shape
    assert weight.shape == (len(y),)
    older = x["mask"].sum(axis=1) - narrow if "mask" in x else np.full(len(y), x["x"].shape[1] - narrow)
    changed = {**x, "x": x["x"].copy()}
    for row, count in zip(changed["x"], older, strict=True):
        row[: max(0, int(count))] += 100.0
    assert older.max() > 0
    np.testing.assert_allclose(built.predict(changed, verbose=0), outputs, atol=1e-5)


class _Rates(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen.append(float(self.model.optimizer.learning_rate))


def test_batch_size_and_schedule_are_obeyed() -> None:
    overrides = {**SMALL, "batch_size": "32", "schedule": "cosine", "learning_rate": "0.002", "ema": "false"}
    model = hypermodel("classification", loader.load("classification", overrides=overrides))
    hp = keras_tuner.HyperParameters()
    built, seen = model.build(hp), _Rates()
    arrays = model.arrays()
    model.fit(hp, built, **arrays, epochs=2, verbose=0, callbacks=[seen])
    assert len(seen.seen) == 2 * -(-len(arrays["y"]) // 32)
    assert seen.seen[0] == pytest.approx(0.002)
    assert seen.seen[-1] == pytest.approx(0.00002)


def test_plain_arrays_are_data_too() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 7, 2)), np.repeat(["a", "b", "c"], 20)
    model = hypermodel("classification", loader.load("classification", overrides=SMALL), (X, y))
    arrays = model.arrays()
    assert set(arrays["x"]) == {"x"}
    assert arrays["x"]["x"].shape[1:] == (7, 2)
    split = model.stock.prepared.split
    assert len(arrays["y"]) + len(arrays["validation_data"][1]) == len(split.refit)


def test_without_takes_the_children_too() -> None:
    parameters = [
        Parameter("a", "bool", True), Parameter("b", "bool", True, when={"a": (True,)}), Parameter("c", "bool", True),
    ]  # fmt: skip
    assert list(without(Space("t", {p.name: p for p in parameters}), "a").parameters) == ["c"]


def test_a_space_of_another_task_is_refused() -> None:
    with pytest.raises(UsageError, match="a space for regression; this is a model for classification"):
        hypermodel("classification", loader.load("regression"))


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(UsageError, match="colour"):
        hypermodel("classification", colour="red")
