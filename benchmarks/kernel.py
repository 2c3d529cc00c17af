"""The fused layers against Keras' and PyTorch's: forward and backward, one thread, interleaved, best of n.

    python benchmarks/kernel.py [--cell lstm|gru|simple_rnn] [--between] [--corners]

The figures behind ``lstm_automl/models/kernels/rule.py``. A ratio above 1 means that the fused layer is faster.
PyTorch is timed where it can be imported. ``--between`` adds the shapes about the boundary of the LSTM's rule, where
each of the two kernels is forced in turn; ``--corners`` shapes and batches far from the usual. Times are processor time
of this process, which other programs disturb less than they disturb the clock on the wall; on a quiet machine the two
are equal.
"""

from __future__ import annotations

import os

os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1", OMP_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lstm_automl.models.kernels.fused import Fused
from lstm_automl.models.kernels.layer import FusedGRU, FusedLSTM, FusedSimpleRNN

STEPS = (8, 24, 100, 400)
SHAPES = ((8, 32), (8, 128), (128, 64), (256, 256))
BETWEEN = ((8, 64), (8, 96), (32, 64), (64, 32), (64, 64), (64, 96), (128, 16), (128, 32))
CORNERS = (
    (8, 1, 8, 8), (8, 13, 1, 8), (8, 24, 512, 16), (8, 24, 8, 256), (8, 100, 64, 64), (8, 24, 8, 512),
    (128, 1, 8, 32), (128, 13, 8, 64), (128, 24, 8, 256), (128, 100, 64, 64), (128, 24, 512, 16), (128, 14, 8, 512),
)  # fmt: skip
"""Batch, steps, features, units."""
BATCH, REPEATS = 32, 5
CELLS: dict[str, tuple[type[keras.Layer], type[Fused], str]] = {
    "lstm": (keras.layers.LSTM, FusedLSTM, "LSTM"),
    "gru": (keras.layers.GRU, FusedGRU, "GRU"),
    "simple_rnn": (keras.layers.SimpleRNN, FusedSimpleRNN, "RNN"),
}
"""Keras' layer, ours, and the name of PyTorch's."""

Run = Callable[[], None]


def graph(layer: keras.Layer, x: tf.Tensor, calls: int) -> Run:
    """``calls`` forward and backward passes in one graph."""
    layer(x)
    weights = [v.value for v in layer.trainable_variables]

    def body(k: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(layer(x, training=True))
        found = tape.gradient(y, weights)
        return k + 1, total + sum(tf.reduce_sum(g) for g in found)

    return tf.function(
        lambda: tf.while_loop(lambda k, _: k < calls, body, (0, 0.0), parallel_iterations=1), autograph=False
    )


def torch_layer(cell: str, features: int, units: int, x: tf.Tensor, calls: int) -> Run | None:
    """The same by PyTorch's layer, or None without PyTorch."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    layer, batch = getattr(torch.nn, CELLS[cell][2])(features, units, batch_first=True), torch.tensor(x.numpy())

    def run() -> None:
        for _ in range(calls):
            layer.zero_grad()
            layer(batch)[0].sum().backward()

    return run


def fused(cell: str, units: int, kernel: str | None = None) -> Fused:
    """The layer by the rule's kernel, or by this one."""
    layer = CELLS[cell][1](units, return_sequences=True)
    if kernel:
        layer.kernel_for = lambda shape: kernel
    return layer


def best(runs: Sequence[Run | None], calls: int) -> list[float]:
    """Milliseconds of one pass of each, interleaved; NaN for None."""
    times: list[list[float]] = [[] for _ in runs]
    for turn in range(REPEATS + 1):
        for run, found in zip(runs, times, strict=True):
            started = time.process_time()
            if run is not None:
                run()
            if turn:  # the first one builds the graph
                found.append(time.process_time() - started)
    return [1e3 * min(found) / calls if run else float("nan") for run, found in zip(runs, times, strict=True)]


def data(steps: int, features: int, batch: int = BATCH) -> tf.Tensor:
    """A batch."""
    return tf.constant(np.random.default_rng(0).normal(size=(batch, steps, features)).astype("float32"))


def against_peers(cell: str) -> None:
    """The table of the fused layer beside its peers, and the medians."""
    print("| T | features | units | kernel | Keras ms | PyTorch ms | fused ms | to Keras | to PyTorch |")
    print("|---|---|---|---|---|---|---|---|---|")
    ratios: list[tuple[float, float]] = []
    for steps in STEPS:
        for features, units in SHAPES:
            x, calls = data(steps, features), max(3, 1200 // steps)
            plain, ours = CELLS[cell][0](units, return_sequences=True), fused(cell, units)
            runs = [graph(plain, x, calls), torch_layer(cell, features, units, x, calls), graph(ours, x, calls)]
            k, t, f = best(runs, calls)
            ratios.append((k / f, t / f))
            row: list[Any] = [steps, features, units, ours.kernel_for(x.shape)]
            print("|", " | ".join([*map(str, row), *(f"{v:.2f}" for v in (k, t, f, k / f, t / f))]), "|", flush=True)
    for name, found in zip(("Keras", "PyTorch"), zip(*ratios, strict=True), strict=True):
        print(f"\nto {name}: median {statistics.median(found):.2f}, least {min(found):.2f}, most {max(found):.2f}")


def about_the_boundary() -> None:
    """The table of the two kernels where the rule passes from one to the other."""
    print("\n| T | features | units | the rule says | block: to Keras | hoisted: to Keras |\n|---|---|---|---|---|---|")
    for steps in STEPS[:3]:
        for features, units in BETWEEN:
            x, calls = data(steps, features), max(3, 600 // steps)
            layers = [keras.layers.LSTM(units, return_sequences=True)]
            layers += [fused("lstm", units, kernel) for kernel in ("block", "hoisted")]
            k, block, hoisted = best([graph(layer, x, calls) for layer in layers], calls)
            says = fused("lstm", units).kernel_for(x.shape)
            print(f"| {steps} | {features} | {units} | {says} | {k / block:.2f} | {k / hoisted:.2f} |", flush=True)


def in_the_corners(cell: str) -> None:
    """The table of unusual shapes and batches."""
    print("\n| batch | T | features | units | kernel | Keras ms | fused ms | to Keras |")
    print("|---|---|---|---|---|---|---|---|")
    for batch, steps, features, units in CORNERS:
        x, calls, ours = data(steps, features, batch), max(3, 300 // steps), fused(cell, units)
        k, f = best([graph(layer, x, calls) for layer in (CELLS[cell][0](units, return_sequences=True), ours)], calls)
        row = [batch, steps, features, units, ours.kernel_for(x.shape), *(f"{v:.2f}" for v in (k, f, k / f))]
        print("|", " | ".join(map(str, row)), "|", flush=True)


def cell_of(arguments: argparse.ArgumentParser) -> argparse.Namespace:
    """What was asked for, the cell among it."""
    arguments.add_argument("--cell", choices=CELLS, default="lstm")
    return arguments.parse_args()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--between", action="store_true")
    parser.add_argument("--corners", action="store_true")
    asked = cell_of(parser)
    against_peers(asked.cell)
    if asked.between:
        about_the_boundary()
    if asked.corners:
        in_the_corners(asked.cell)
