"""Several runs of one network as one network: the mean of their outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
from numpy.typing import NDArray

from lstm_automl.errors import StateError
from lstm_automl.models.builder import build
from lstm_automl.models.inputs import InputSpec
from lstm_automl.tasks.task import HeadSpec


def ensemble(
    spec: InputSpec,
    head: HeadSpec,
    values: Mapping[str, Any],
    members: Sequence[list[NDArray[Any]]],
    checkpoints: Sequence[Path],
) -> keras.Model:
    """A network of stock layers with the weights of all members; of a single one, the network itself.

    Args:
        spec, head, values: Of the network.
        members: Of each run, the arrays of ``model.get_weights()``.
        checkpoints: Where each came from, for messages.

    Raises:
        StateError: a checkpoint is of another network.
    """
    networks = []
    for weights, path in zip(members, checkpoints, strict=True):
        network = build(spec, head, values, seed=0)
        try:
            network.set_weights(weights)
        except ValueError as error:
            raise StateError(f"{path}: the checkpoint is of another network ({error})") from None
        networks.append(network)
    if len(networks) == 1:
        return networks[0]
    tensors = spec.tensors(head.horizon)
    named = [keras.Model(n.input, n.output, name=f"member_{i}") for i, n in enumerate(networks)]
    average = keras.layers.Average(name="average", dtype=spec.dtype)([n(tensors) for n in named])
    return keras.Model(tensors, average, name="ensemble")
