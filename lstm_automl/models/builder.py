"""Values -> network: one functional Keras model of stock layers."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras
from keras import ops

from lstm_automl import plugins
from lstm_automl.errors import UsageError
from lstm_automl.models import masks, recurrent
from lstm_automl.models.inputs import InputSpec
from lstm_automl.models.parts import Network, Signal, Values
from lstm_automl.spaces.neutral import read
from lstm_automl.tasks.task import HeadSpec

_BUILDING = threading.RLock()


def build(inputs: InputSpec, head: HeadSpec, values: Values, *, seed: int, fast: bool = False) -> keras.Model:
    """The untrained network of these hyper-parameters; equal seed, equal initial weights.

    It holds stock layers and ``keras.ops`` alone, so its ``.keras`` file loads in safe mode wherever Keras is.

    Args:
        inputs: The batch it is called with (a dict by name).
        head: What its outputs are.
        values: Hyper-parameters; what is absent has the value in ``spaces.neutral``.
        seed: Of initial weights and of the dropout generators.
        fast: Train with the fused kernels: the same weights in the same order, not stock layers.

    Returns:
        A model ``{"x": (B, T, F), ...} -> (B, outputs)`` or ``(B, horizon, outputs)``.

    Raises:
        UsageError: values that cannot be built together, or a name nobody registered.
    """
    _refuse(head, values)
    with seeded(seed, inputs.dtype):
        tensors = inputs.tensors(head.horizon)
        network = Network(
            raw=Signal(tensors["x"], tensors.get("mask")),
            static=tensors.get("static"),
            known=tensors.get("known"),
            encode=_Encoder(values, seed, fast),
            dropout=recurrent.last_dropout(values),
        )
        outputs = plugins.load("head", head.name)().build(network, head, values, seed)
        return keras.Model(tensors, outputs, name="network")


def _refuse(head: HeadSpec, values: Values) -> None:
    if head.causal and read(values, "bidirectional"):
        raise UsageError(
            f"bidirectional: the {head.name!r} head is causal, an output may not see later steps; "
            "set bidirectional to false"
        )
    if int(read(values, "num_layers")) < 1:
        raise UsageError(f"num_layers is {read(values, 'num_layers')}; it must be at least 1")


class _Encoder:
    """Difference, patches, front end, recurrent stack and pooling."""

    def __init__(self, values: Values, seed: int, fast: bool) -> None:
        self.values, self.seed, self.fast = values, seed, fast

    def __call__(self, signal: Signal, patch: int = 1) -> keras.KerasTensor:
        values, seed = self.values, self.seed
        if read(values, "difference"):
            signal = masks.with_difference(signal)
        signal = masks.patched(signal, patch)
        front_end = plugins.load("front_end", str(read(values, "front_end")))()
        pooled = recurrent.recurrent(front_end.before(signal, values, seed), values, seed=seed, fast=self.fast)
        beside = front_end.beside(signal, values, seed)
        return pooled if beside is None else ops.concatenate([pooled, beside], axis=-1)


@contextmanager
def seeded(seed: int, dtype: str) -> Iterator[None]:
    """Keras takes unnamed seeds from ``random`` and dtypes from a global: set both, and put both back.

    Seeds given to initialisers instead would make the two directions of a ``Bidirectional`` start equal.
    """
    with _BUILDING:
        state, policy = random.getstate(), keras.config.dtype_policy()
        random.seed(seed)
        keras.config.set_dtype_policy(dtype)
        try:
            yield
        finally:
            random.setstate(state)
            keras.config.set_dtype_policy(policy)
