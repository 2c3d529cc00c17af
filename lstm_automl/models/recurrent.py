"""The stack of recurrent layers, each in one direction or in both (Schuster and Paliwal 1997)."""

from __future__ import annotations

import keras

from lstm_automl import plugins
from lstm_automl.errors import UnknownNameError
from lstm_automl.models import pooling
from lstm_automl.models.kernels import choose
from lstm_automl.models.parts import Signal, Values
from lstm_automl.spaces.neutral import read

MERGE_MODES = ("concat", "sum", "ave", "mul")


def recurrent(signal: Signal, values: Values, *, seed: int, fast: bool = False) -> keras.KerasTensor:
    """Run the stack and pool its top layer: ``(batch, features)``.

    ``dropout`` of a layer applies to its output: to what the next layer, or the head, reads. Data itself is
    not dropped (a whole channel would go); the output of a front end is, at the rate of the first layer.

    Args:
        signal: What the stack reads.
        values: ``num_layers``, ``cell``, ``units``, ``dropout`` and the others of the stack.
        seed: Of dropout; layer i has ``seed + i``.
        fast: Run layers by the kernels of :mod:`lstm_automl.models.kernels` where their rule says so.
    """
    layers = int(read(values, "num_layers"))
    kind = pooling.check(str(read(values, "pooling")))
    x = signal.x
    rate = _rate(values, "dropout", 0) if signal.encoded else 0.0
    for i in range(layers):
        sequences = i < layers - 1 or kind != "last"
        layer = _layer(values, i, dropout=rate, return_sequences=sequences, seed=seed + i, fast=fast)
        x = layer(x) if signal.mask is None else layer(x, mask=signal.mask)
        rate = _rate(values, "dropout", i)
    return x if kind == "last" else pooling.pool(kind, Signal(x, signal.mask, True))


def last_dropout(values: Values) -> float:
    """The rate on the output of the top layer, which the head reads."""
    return _rate(values, "dropout", int(read(values, "num_layers")) - 1)


def _rate(values: Values, name: str, i: int) -> float:
    return float(read(values, name, i))


def _layer(values: Values, i: int, *, dropout: float, return_sequences: bool, seed: int, fast: bool) -> keras.Layer:
    bidirectional = bool(read(values, "bidirectional"))
    cell = plugins.load("cell", str(read(values, "cell")))()
    layer = cell.layer(
        int(read(values, "units", i)),
        dropout=dropout,
        recurrent_dropout=_rate(values, "recurrent_dropout", i),
        return_sequences=return_sequences,
        seed=seed,
        name=f"forward_{i}" if bidirectional else f"recurrent_{i}",
    )
    if fast:
        layer = choose.fast(layer)
    if not bidirectional:
        return layer
    mode = str(read(values, "merge_mode"))
    if mode not in MERGE_MODES:
        raise UnknownNameError("merge_mode", mode, MERGE_MODES)
    return keras.layers.Bidirectional(layer, merge_mode=mode, name=f"recurrent_{i}")
