"""The fused LSTM layer against Keras' own: forward and backward, one thread, interleaved, best of n.

    python benchmarks/kernel.py

The figures behind ``lstm_automl/models/kernels/rule.py``. A ratio above 1 means the fused layer is faster.
"""

from __future__ import annotations

import os

os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1", OMP_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")

import statistics
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from lstm_automl.models.kernels.layer import FusedLSTM

STEPS = (8, 24, 100, 400)
SHAPES = ((8, 32), (8, 64), (64, 64), (64, 96), (8, 128), (128, 64))
BATCH, REPEATS = 32, 5


def training(layer: keras.Layer, x: tf.Tensor, calls: int) -> Callable[[], float]:
    """Seconds for one forward and backward pass, from ``calls`` of them in one graph."""
    layer(x)
    weights = [v.value for v in layer.trainable_variables]

    def body(k: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(layer(x, training=True))
        found = tape.gradient(y, weights)
        return k + 1, total + sum(tf.reduce_sum(g) for g in found)

    run = tf.function(lambda: tf.while_loop(lambda k, _: k < calls, body, (0, 0.0), parallel_iterations=1))
    run()

    def seconds() -> float:
        started = time.perf_counter()
        run()
        return (time.perf_counter() - started) / calls

    return seconds


def main() -> None:
    """Print the table."""
    rng, ratios = np.random.default_rng(0), []
    print("| T | features | units | Keras ms | fused ms | ratio |\n|---|---|---|---|---|---|")
    for steps in STEPS:
        for features, units in SHAPES:
            x = tf.constant(rng.normal(size=(BATCH, steps, features)).astype("float32"))
            calls = max(3, 1200 // steps)
            pair = [training(layer(units, return_sequences=True), x, calls) for layer in (keras.layers.LSTM, FusedLSTM)]
            times = [[run() for run in pair] for _ in range(REPEATS)]
            plain, fused = (1e3 * min(t[i] for t in times) for i in (0, 1))
            ratios.append((units, plain / fused))
            print(f"| {steps} | {features} | {units} | {plain:.2f} | {fused:.2f} | {plain / fused:.2f} |", flush=True)
    used = [r for units, r in ratios if units <= 96]
    print(f"\nwhere the rule uses it (up to 96 units): median {statistics.median(used):.2f}, least {min(used):.2f}")


if __name__ == "__main__":
    main()
