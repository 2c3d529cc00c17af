"""Which kernel the trials of a default search train with: random draws of every shipped space, built and counted.

python benchmarks/kernel_share.py [TRIALS]
"""

from __future__ import annotations

import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

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


def main(trials: int) -> None:
    """Print the table."""
    print(f"Shares of {trials} random trials, {FEATURES} channels.\n")
    print(f"| space | {' | '.join(' and '.join(sorted(kind)) for kind in KINDS)} |\n|---{'|---' * len(KINDS)}|")
    for task in HEADS:
        space, rng = loader.load(task, task=task), np.random.default_rng(0)
        counts = Counter(frozenset(trial(task, random_values(space, rng))) for _ in range(trials))
        assert sum(counts[kind] for kind in KINDS) == trials, counts
        print(f"| {task} |", " | ".join(f"{counts[kind] / trials:.0%}" for kind in KINDS), "|", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
