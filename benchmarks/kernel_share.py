"""Which kernel the trials of a default search train with: random draws of every shipped space, built and counted.

    python benchmarks/kernel_share.py [TRIALS]
    python benchmarks/kernel_share.py --search [DIR]

With ``--search`` they are the trials of a finished search, on its own data, by the kernels that their graphs are traced
with; without DIR of a default search of digits (tpe, asha, the space's first trials), with two epochs a trial.
"""

from __future__ import annotations

import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import numpy as np

from lstm_automl.models.builder import build
from lstm_automl.models.inputs import InputSpec
from lstm_automl.models.kernels.fused import Fused
from lstm_automl.spaces import loader
from lstm_automl.spaces.neutral import read
from lstm_automl.spaces.sampling import random_values
from lstm_automl.tasks.task import HeadSpec

FEATURES = 8
HEADS = {
    "classification": HeadSpec("label", 5, "crossentropy"),
    "regression": HeadSpec("value", 1, "mse"),
    "forecasting": HeadSpec("horizon", FEATURES, "mae", horizon=24, options={"target_channels": list(range(FEATURES))}),
}
BOTH = {"lstm block", "lstm hoisted"}
KINDS = [
    frozenset(kind) for kind in (*({k} for k in sorted(BOTH)), BOTH, {"gru hoisted"}, {"simple_rnn hoisted"}, {"plain"})
]
"""Of a trial: all its layers are of one cell."""


def kernels(layer: keras.Layer) -> list[str]:
    """The cell and the kernel of each recurrent layer in it."""
    if not isinstance(layer, keras.layers.Bidirectional | keras.layers.RNN):
        return []
    shape = keras.tree.flatten(layer.input)[0].shape
    parts = [layer.forward_layer, layer.backward_layer] if hasattr(layer, "forward_layer") else [layer]
    found = [(part.kind, part.kernel_for(shape)) if isinstance(part, Fused) else ("", "plain") for part in parts]
    return ["plain" if kernel == "plain" else f"{cell} {kernel}" for cell, kernel in found]


def trial(task: str, values: Mapping[str, Any]) -> set[str]:
    """The kernels of one trial's network."""
    horizon = bool(HEADS[task].horizon)
    spec = InputSpec(FEATURES, mask=not horizon, length=int(read(values, "window")) if horizon else None)
    model = build(spec, HEADS[task], values, seed=1, fast=True)
    found = {kernel for layer in model.layers for kernel in kernels(layer)}
    keras.backend.clear_session()
    return found


@contextmanager
def traced() -> Iterator[set[str]]:
    """The cells and kernels of the fused layers that are traced within it."""
    found: set[str] = set()
    choose = Fused.kernel_for

    def noted(self: Any, shape: Any) -> Any:
        kernel = choose(self, shape)
        found.add("plain" if kernel == "plain" else f"{self.kind} {kernel}")
        return kernel

    with mock.patch.object(Fused, "kernel_for", noted):
        yield found


def searched(directory: Path) -> Iterator[frozenset[str]]:
    """The kernels of each trial of a finished search."""
    from lstm_automl.models import graph
    from lstm_automl.models.trainer import Trainer
    from lstm_automl.search.rung import load_problem
    from lstm_automl.search.view import StoreView

    with StoreView(directory) as view:
        epochs, table = view.meta()["max_epochs"], view.table()
    problem = load_problem(directory)
    train = problem.split.folds[0].train
    state = problem.task.fit_state(problem.frame, train, problem.options)
    for row in table:
        graph._kept.clear()  # nothing is traced in a graph that was
        made = Trainer(
            problem.task, problem.frame, state, row.values, seed_key=(0,), options=problem.options, max_epochs=epochs
        )
        with traced() as found:
            made.predict(train[:1])
        layers = made.graph._model._flatten_layers()
        stock = any(isinstance(x, keras.layers.RNN) and not isinstance(x, Fused) for x in layers)
        yield frozenset(found | ({"plain"} if stock else set()))


def default_search(home: Path) -> Path:
    """The folder of a default search of digits but for its length; nothing is logged or registered."""
    from lstm_automl.estimators import flow

    flow.search("classification", "digits", max_epochs=2, ensemble=1, home=str(home), track=False)
    return next(home.iterdir())


def row(name: str, counts: Counter[frozenset[str]]) -> None:
    """Print a line of the table."""
    trials = counts.total()
    assert sum(counts[kind] for kind in KINDS) == trials, counts
    print(f"| {name} |", " | ".join(f"{counts[kind] / trials:.0%}" for kind in KINDS), "|", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trials", nargs="?", type=int, default=200)
    parser.add_argument("--search", nargs="?", const="", metavar="DIR")
    given = parser.parse_args()
    head = f"| space | {' | '.join(' and '.join(sorted(kind)) for kind in KINDS)} |\n|---{'|---' * len(KINDS)}|"
    if given.search is not None:
        with tempfile.TemporaryDirectory() as home:
            directory = Path(given.search) if given.search else default_search(Path(home))
            counts = Counter(searched(directory))
        print(f"Shares of the {counts.total()} trials of a search.\n\n{head}")
        row(directory.name, counts)
        return
    print(f"Shares of {given.trials} random trials, {FEATURES} channels.\n\n{head}")
    for task in HEADS:
        space, rng = loader.load(task, task=task), np.random.default_rng(0)
        row(task, Counter(frozenset(trial(task, random_values(space, rng))) for _ in range(given.trials)))


if __name__ == "__main__":
    main()
