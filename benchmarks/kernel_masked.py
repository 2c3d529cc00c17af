"""The fused layers as trials use them: bidirectional, ragged batches of any shape, recurrent dropout; against Keras.

    python benchmarks/kernel_masked.py [--cell lstm|gru|simple_rnn]

Forward and backward, batch 32, one thread, interleaved, best of n, in processor time; and the time to build the graph.
"""

from __future__ import annotations

import os

os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1", OMP_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")

import argparse
import time

import keras
import numpy as np
import tensorflow as tf
from kernel import BATCH, CELLS, Run, best, cell_of, data

from lstm_automl.models.kernels.choose import fast

CASES = (
    (24, 8, 32, False, 0.0), (24, 8, 32, True, 0.0), (24, 8, 64, True, 0.25), (24, 128, 64, False, 0.0),
    (24, 128, 64, True, 0.0), (100, 8, 64, True, 0.0), (100, 64, 64, True, 0.25),
)  # fmt: skip


def graph(layer: keras.Layer, x: tf.Tensor, mask: tf.Tensor | None, calls: int) -> tuple[Run, float]:
    """``calls`` passes in one graph that knows only the number of channels, and the seconds to build it."""
    layer(x, mask=mask)
    weights = [v.value for v in layer.trainable_variables]

    def body(k: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch = tf.compat.v1.placeholder_with_default(x, (None, None, x.shape[2]))
        valid = None if mask is None else tf.compat.v1.placeholder_with_default(mask, (None, None))
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(layer(batch, mask=valid, training=True) ** 2)
        return k + 1, total + sum(tf.reduce_sum(g) for g in tape.gradient(y, weights))

    run = tf.function(
        lambda: tf.while_loop(lambda k, _: k < calls, body, (0, 0.0), parallel_iterations=1), autograph=False
    )
    started = time.process_time()
    run.get_concrete_function()
    return run, time.process_time() - started


def main(cell: str) -> None:
    """Print the table."""
    print(
        "| T | features | units | ragged | recurrent dropout | Keras ms | fused ms | ratio | graph s, Keras | fused |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for steps, features, units, ragged, rate in CASES:
        lengths = np.random.default_rng(0).integers(steps // 2, steps + 1, BATCH)
        mask = tf.constant(np.arange(steps)[None] < lengths[:, None]) if ragged else None
        calls = max(2, 300 // steps)
        runs, builds = [], []
        for swap in (lambda layer: layer, fast):
            layer = CELLS[cell][0](units, return_sequences=True, recurrent_dropout=rate)
            run, seconds = graph(keras.layers.Bidirectional(swap(layer)), data(steps, features), mask, calls)
            runs.append(run)
            builds.append(seconds)
        plain, fused = best(runs, calls)
        row = [steps, features, units, "yes" if ragged else "no", rate, f"{plain:.2f}", f"{fused:.2f}"]
        print("|", " | ".join(map(str, [*row, f"{plain / fused:.2f}", *(f"{s:.2f}" for s in builds)])), "|", flush=True)


if __name__ == "__main__":
    main(cell_of(argparse.ArgumentParser()).cell)
