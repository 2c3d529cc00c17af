"""The peers of ``first_score.py``: Keras Tuner and Optuna as their users run them, on arrays, in a common space."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

MAX_EPOCHS, PATIENCE, BATCH = 30, 10, 32
PEERS = ("hyperband", "bayesian", "optuna")


def peer(kind: str, path: Path, task: str, seed: int, budget: float) -> None:
    """Run one peer and print ``{"import", "scores": [[seconds, score], ...]}``."""
    begun = time.monotonic()
    import keras

    if kind == "optuna":
        import optuna  # noqa: F401 - before the clock starts
    else:
        import keras_tuner  # noqa: F401
        import tensorboard.plugins.hparams.api  # noqa: F401 - Keras Tuner imports it in its first trial
    imported = time.monotonic() - begun
    work = Work(dict(np.load(path)), task, path.parent, f"{path.stem}-{kind}-{seed}", seed, budget)
    keras.utils.set_random_seed(seed)
    work.started = time.monotonic()
    try:
        with_optuna(work) if kind == "optuna" else with_keras_tuner(work, kind)
    except BaseException as ended:  # whichever way the budget's end came through
        if not work.scores or work.scores[-1][0] <= budget:
            raise ended
    print(json.dumps({"import": imported, "scores": [s for s in work.scores if s[0] <= budget]}))


@dataclass
class Work:
    """One peer's search.

    Args:
        data: Arrays of ``first_score.arrays``.
        task: Name of the task.
        scratch: Folder to write to.
        project: Name in it.
        seed: Of the search.
        budget: Seconds.
        started: When it began, monotonic.
        scores: Seconds and score of each epoch so far.
    """

    data: dict[str, Any]
    task: str
    scratch: Path
    project: str
    seed: int
    budget: float
    started: float = 0.0
    scores: list[tuple[float, float]] = field(default_factory=list)

    @property
    def classes(self) -> bool:
        """Whether the score is an accuracy; else an error."""
        return self.task == "classification"

    @property
    def monitor(self) -> str:
        """What Keras calls it."""
        return "val_accuracy" if self.classes else "val_loss"

    def fit(self, run: Callable[..., Any], *callbacks: Any) -> Any:
        """``model.fit`` or ``tuner.search``, timed and stopped early."""
        import keras

        work = self

        class Clock(keras.callbacks.Callback):  # type: ignore[misc]
            def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
                value = (logs or {})[work.monitor]
                score = value if work.classes else float(np.sqrt(value) * work.data["scale"])
                work.scores.append((time.monotonic() - work.started, score))
                if work.scores[-1][0] > work.budget:
                    raise TimeoutError

        stop = keras.callbacks.EarlyStopping(self.monitor, mode="max" if self.classes else "min", patience=PATIENCE)
        valid = (self.data["x_valid"], self.data["y_valid"])
        return run(self.data["x_train"], self.data["y_train"], validation_data=valid, epochs=MAX_EPOCHS,
                   batch_size=BATCH, callbacks=[Clock(), *callbacks, stop], verbose=0)  # fmt: skip


def with_optuna(work: Work) -> None:
    """Optuna's TPE with its median pruner."""
    import keras
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    class Prune(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self, trial: Any) -> None:
            super().__init__()
            self.trial = trial

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            self.trial.report((logs or {})[work.monitor], epoch)
            if self.trial.should_prune():
                raise optuna.TrialPruned

    def objective(trial: Any) -> float:
        v = {
            "num_layers": trial.suggest_int("num_layers", 1, 3),
            "units": trial.suggest_int("units", 16, 128, log=True),
            "bidirectional": trial.suggest_categorical("bidirectional", [False, True]),
            "dropout": trial.suggest_float("dropout", 0.0, 0.5),
            "learning_rate": trial.suggest_float("learning_rate", 3e-4, 1e-2, log=True),
        }
        keras.backend.clear_session()
        values = work.fit(build(work.data, work.task, v).fit, Prune(trial)).history[work.monitor]
        return float(max(values) if work.classes else min(values))

    study = optuna.create_study(
        direction="maximize" if work.classes else "minimize",
        sampler=optuna.samplers.TPESampler(seed=work.seed),
        pruner=optuna.pruners.MedianPruner(),
    )
    study.optimize(objective, timeout=work.budget)


def with_keras_tuner(work: Work, kind: str) -> None:
    """Keras Tuner's Hyperband or Bayesian optimization."""
    import keras_tuner

    common = {
        "hypermodel": lambda hp: build(work.data, work.task, draw(hp)),
        "objective": keras_tuner.Objective(work.monitor, "max" if work.classes else "min"),
        "seed": work.seed + 1,
        "directory": work.scratch,
        "project_name": work.project,
        "overwrite": True,
    }
    if kind == "hyperband":
        tuner = keras_tuner.Hyperband(max_epochs=MAX_EPOCHS, hyperband_iterations=100, **common)
    else:
        tuner = keras_tuner.BayesianOptimization(max_trials=1000, **common)
    work.fit(tuner.search)


def build(data: Any, task: str, v: dict[str, Any]) -> Any:
    """The network of the common space, in plain Keras."""
    import keras

    layers: list[Any] = [keras.Input(data["x_train"].shape[1:])]
    if bool(data["ragged"]):
        layers.append(keras.layers.Masking())
    for i in range(v["num_layers"]):
        layer = keras.layers.LSTM(v["units"], return_sequences=i < v["num_layers"] - 1)
        layers += [
            keras.layers.Bidirectional(layer) if v["bidirectional"] else layer,
            keras.layers.Dropout(v["dropout"]),
        ]
    kind = task == "classification"
    layers.append(keras.layers.Dense(int(data["outputs"]), activation="softmax" if kind else None))
    model = keras.Sequential(layers)
    model.compile(
        optimizer=keras.optimizers.Adam(v["learning_rate"], global_clipnorm=1.0),
        loss="sparse_categorical_crossentropy" if kind else "mse",
        metrics=["accuracy"] if kind else [],
    )
    return model


def draw(hp: Any) -> dict[str, Any]:
    """The common space for Keras Tuner."""
    return {
        "num_layers": hp.Int("num_layers", 1, 3),
        "units": hp.Int("units", 16, 128, sampling="log"),
        "bidirectional": hp.Boolean("bidirectional"),
        "dropout": hp.Float("dropout", 0.0, 0.5),
        "learning_rate": hp.Float("learning_rate", 3e-4, 1e-2, sampling="log"),
    }
