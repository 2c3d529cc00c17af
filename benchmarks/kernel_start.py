"""How soon a new network takes its first step: two bidirectional layers of 64 units, 100 steps, Keras' layers and ours.

    python benchmarks/kernel_start.py [--cell lstm|gru|simple_rnn]

Build, trace and first step of forward and backward, batch 32, one thread, in processor time, best of n; the step after.
"""

from __future__ import annotations

import os

os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1", OMP_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")

import argparse
import time

import keras
import numpy as np
import tensorflow as tf
from kernel import BATCH, cell_of, data

from lstm_automl.models.builder import build
from lstm_automl.models.inputs import InputSpec
from lstm_automl.tasks.task import HeadSpec

STEPS, FEATURES, UNITS, REPEATS = 100, 8, 64, 3


def start(cell: str, *, ragged: bool, fast: bool) -> list[float]:
    """Seconds of building, tracing, the first step and the second."""
    keras.backend.clear_session()
    x, valid = data(STEPS, FEATURES), np.random.default_rng(0).integers(STEPS // 2, STEPS + 1, BATCH)
    batch = {"x": x, **({"mask": tf.constant(np.arange(STEPS)[None] < valid[:, None])} if ragged else {})}
    steps = None if ragged else STEPS
    signature = {k: tf.TensorSpec((None, steps, *v.shape[2:]), v.dtype) for k, v in batch.items()}
    times = [time.process_time()]
    values = {"num_layers": 2, "units": UNITS, "bidirectional": True, "cell": cell}
    spec = InputSpec(FEATURES, mask=ragged, length=steps)
    model = build(spec, HeadSpec("label", 5, "crossentropy"), values, seed=1, fast=fast)
    weights = [v.value for v in model.trainable_variables]

    def step(batch: dict[str, tf.Tensor]) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(model(batch, training=True) ** 2)
        found: list[tf.Tensor] = tape.gradient(y, weights)
        return found

    times.append(time.process_time())
    run = tf.function(step, input_signature=[signature], autograph=False).get_concrete_function()
    for _ in range(3):
        times.append(time.process_time())
        run(batch)
    return list(np.diff(times))


def main(cell: str) -> None:
    """Print the table."""
    print(f"{cell}\n\n| ragged | layers | build s | trace s | first step s | in all | second step s |")
    print("|---|---|---|---|---|---|---|")
    for ragged in (False, True):
        found = {
            fast: np.array([start(cell, ragged=ragged, fast=fast) for _ in range(REPEATS)]) for fast in (False, True)
        }
        for fast, times in found.items():
            best = times.min(axis=0)
            row = [*best[:3], best[:3].sum(), best[3]]
            print(
                f"| {ragged} | {'fused' if fast else 'Keras'} |", " | ".join(f"{v:.2f}" for v in row), "|", flush=True
            )


if __name__ == "__main__":
    main(cell_of(argparse.ArgumentParser()).cell)
