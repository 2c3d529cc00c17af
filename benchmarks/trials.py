"""Trials an hour: twelve fixed configurations on digits, ten epochs each, beside stock Keras Tuner.

    python benchmarks/trials.py --repeats 3 --workers 4

Both get the same scaled arrays, split, configurations, batch size and epochs. Keras Tuner runs as its users run it: one
process, a plain Keras model, ``model.fit``, a grid over the configurations. Ours runs through the real driver, store
and worker processes. Each run is a process of its own, the two in turn; imports are reported apart. Final validation
accuracies stand beside the times, so that equal work is seen.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

EPOCHS, BATCH = 10, 32
RATE, CLIPNORM = 2e-3, 1.0
# Layers, units, dropout, bidirectional.
CONFIGURATIONS = (
    (1, 16, 0.0, False), (1, 32, 0.2, True), (1, 64, 0.3, False), (1, 128, 0.2, False),
    (2, 16, 0.1, False), (2, 32, 0.2, False), (2, 64, 0.2, True), (2, 128, 0.4, False),
    (3, 16, 0.0, False), (3, 32, 0.1, True), (3, 64, 0.3, False), (3, 128, 0.3, False),
)  # fmt: skip


def main() -> None:
    """Run both in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--only", choices=["stock", "ours"])
    parser.add_argument("--one", choices=["stock", "ours"], help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        found = stock(given.scratch) if given.one == "stock" else ours(given.scratch, given.workers)
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as scratch:
        data(Path(scratch))
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in ("stock", "ours") if given.only in (None, name)}
        for repeat in range(given.repeats):
            for name, found in runs.items():
                folder = Path(scratch) / f"{name}-{repeat}"
                folder.mkdir()
                found.append(run(name, folder, given.workers))
                print(f"{name} {repeat}: {found[-1]['seconds']:.1f} s, import {found[-1]['import']:.1f} s", flush=True)
    table(runs, given.workers)


def run(name: str, folder: Path, workers: int) -> dict[str, Any]:
    """One run in a process of its own."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    command = [sys.executable, __file__, "--one", name, "--scratch", str(folder), "--workers", str(workers)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def data(scratch: Path) -> None:
    """Frame digits once; leave the problem for ours and the same numbers as arrays for Keras."""
    import numpy as np

    from lstm_automl.estimators.preparing import make_problem, task_of

    problem = make_problem(task_of("classification"), {}, "digits", folds=1)
    problem.save(scratch / "data")
    fold, frame = problem.split.folds[0], problem.frame
    state = problem.task.fit_state(frame, fold.train, problem.options)
    x = frame.fields["x"].values.reshape(len(frame), 8, 8)
    x = ((x - state.arrays["x_mean"]) / state.arrays["x_std"]).astype(np.float32)
    y = np.asarray(frame.fields["y"].values)
    np.savez(scratch / "digits.npz", x=x[fold.train], y=y[fold.train], xv=x[fold.valid], yv=y[fold.valid])


def stock(folder: Path) -> dict[str, Any]:
    """Keras Tuner's grid over the configurations."""
    started = time.perf_counter()
    import keras
    import keras_tuner
    import numpy as np
    import tensorboard.plugins.hparams  # noqa: F401 - Keras Tuner imports it in its first trial

    imported = time.perf_counter() - started
    arrays = np.load(folder.parent / "digits.npz")
    last: list[float] = []

    class Model(keras_tuner.HyperModel):  # type: ignore[misc]
        def build(self, hp: Any) -> Any:
            index = hp.Choice("configuration", list(range(len(CONFIGURATIONS))))
            return plain(keras, *CONFIGURATIONS[index])

        def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
            history = model.fit(*args, batch_size=BATCH, **kwargs)
            last.append(history.history["val_accuracy"][-1])
            return history

    started = time.perf_counter()
    tuner = keras_tuner.GridSearch(
        Model(), objective="val_accuracy", max_trials=len(CONFIGURATIONS), seed=1, directory=str(folder)
    )
    valid = (arrays["xv"], arrays["yv"])
    tuner.search(arrays["x"], arrays["y"], validation_data=valid, epochs=EPOCHS, verbose=0)
    return {"import": imported, "seconds": time.perf_counter() - started, "last": last}


def plain(keras: Any, layers: int, units: int, dropout: float, bidirectional: bool) -> Any:
    """A model as anybody writes it."""
    model = keras.Sequential([keras.Input((8, 8))])
    for i in range(layers):
        layer = keras.layers.LSTM(units, return_sequences=i < layers - 1)
        model.add(keras.layers.Bidirectional(layer) if bidirectional else layer)
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(10, activation="softmax"))
    optimizer = keras.optimizers.Adam(RATE, global_clipnorm=CLIPNORM)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def values(layers: int, units: int, dropout: float, bidirectional: bool) -> dict[str, Any]:
    """The same for us."""
    return {
        "num_layers": layers, "units": units, "dropout": dropout, "bidirectional": bidirectional, "optimizer": "adam",
        "learning_rate": RATE, "clipnorm": CLIPNORM, "batch_size": BATCH,
    }  # fmt: skip


class Given:
    """Proposes the configurations in order."""

    name = "given"

    def propose(self, space: Any, seed: int, n: int, table: Any, direction: str) -> Mapping[str, Any] | None:
        return values(*CONFIGURATIONS[n]) if n < len(CONFIGURATIONS) else None


def ours(folder: Path, workers: int) -> dict[str, Any]:
    """The driver with worker processes. Import: until the first worker answers."""
    started = time.perf_counter()
    from lstm_automl import plugins
    from lstm_automl.errors import StorageError
    from lstm_automl.search.contracts import RungSpec
    from lstm_automl.search.driver import Driver, Limits
    from lstm_automl.search.executors.local import LocalExecutor
    from lstm_automl.search.store import Store
    from lstm_automl.testing.search import facts, small_space

    (folder / "data").symlink_to(folder.parent / "data")
    with closing(LocalExecutor(workers, directory=folder)) as executor:
        nothing = RungSpec(0, 0, "search", 0, 0, {}, 0, str(folder / "no"), str(folder / "no"), 0, 1, 1)
        with suppress(StorageError):  # there is no data: the worker has imported all the same
            executor.submit(nothing, lambda _: None).result()
        imported = time.perf_counter() - started
        started = time.perf_counter()
        limits, space = Limits(len(CONFIGURATIONS), EPOCHS), small_space()
        with closing(Store.open_or_create(folder, facts(space, metric="accuracy", limits=limits.to_json()))) as store:
            scheduler = plugins.load("scheduler", "none")(direction="max")
            driver = Driver(
                folder, store, executor, space=space, oracle=Given(), scheduler=scheduler, direction="max", seed=0,
                folds=1, limits=limits, concurrency=max(8, workers), patience=None,
            )  # fmt: skip
            rows = driver.search()
            seconds = time.perf_counter() - started
    return {"import": imported, "seconds": seconds, "last": [row.epochs[0][-1] for row in rows]}


def table(runs: Mapping[str, list[dict[str, Any]]], workers: int) -> None:
    """Print medians and spread."""
    print(f"\n{'':24} {'12 trials, s':>20} {'trials/hour':>12} {'import, s':>10} {'final accuracy':>22}")
    medians = {}
    for name, found in runs.items():
        seconds = sorted(r["seconds"] for r in found)
        medians[name] = statistics.median(seconds)
        label = "Keras Tuner" if name == "stock" else f"lstm_automl, {workers} workers"
        scores = [statistics.mean(r["last"]) for r in found]
        low, high = (f(s for r in found for s in r["last"]) for f in (min, max))
        print(
            f"{label:24} {medians[name]:8.1f} ({seconds[0]:.1f}-{seconds[-1]:.1f})"
            f" {len(CONFIGURATIONS) * 3600 / medians[name]:12.0f} {statistics.median(r['import'] for r in found):10.1f}"
            f" {statistics.median(scores):8.3f} ({low:.3f}-{high:.3f})"
        )
    if len(medians) == 2:
        print(f"\n{medians['stock'] / medians['ours']:.1f} times the trials an hour")


if __name__ == "__main__":
    main()
