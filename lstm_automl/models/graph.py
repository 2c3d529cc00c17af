"""The compiled work of a kind of network: pure functions of state and data, shared by all that train the kind."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Any

import keras
import tensorflow as tf

from lstm_automl.models import losses, updates
from lstm_automl.models.augment import augment, mix, neighbour
from lstm_automl.models.calls import Compiled, collect
from lstm_automl.models.feeds import Feed, Tensors
from lstm_automl.models.forward import Forward
from lstm_automl.models.schedules import FED
from lstm_automl.models.updates import State
from lstm_automl.spaces.neutral import read

MOST = 8
"""Compiled kinds that a process keeps: some 20 MB each."""

_kept: OrderedDict[Hashable, Graph] = OrderedDict()
_lock = threading.Lock()
_forgotten = threading.Event()


def graph(feed: Feed, values: Mapping[str, Any], model: keras.Model, tensors: Tensors) -> Graph:
    """The graph of this kind of network, compiled before where it is among the latest.

    Args:
        feed: Makes the batches.
        values: Hyper-parameters.
        model: A network of the kind; its weights do not matter.
        tensors: Of any frame of the kind.
    """
    key = _kind(feed, values, model, tensors)
    with _lock:
        found = _kept.pop(key, None) or Graph(feed, values, model, tensors)
        _kept[key] = found
        while len(_kept) > MOST:
            _kept.popitem(last=False)
            _forgotten.set()
    return found


def tidy() -> None:
    """Give back the memory of the kinds that are not kept any more; to be called when no trainer holds one."""
    if _forgotten.is_set():
        _forgotten.clear()
        collect()


def _kind(feed: Feed, values: Mapping[str, Any], model: keras.Model, tensors: Tensors) -> Hashable:
    """Everything that shapes a graph."""
    shaping = {name: value for name, value in values.items() if name not in FED}
    return (
        feed.kind,
        json.dumps(shaping, sort_keys=True, default=repr),
        tuple(sorted((name, spec.dtype, tuple(spec.shape)) for name, spec in feed.signature(tensors).items())),
        tuple((v.name, tuple(v.shape), v.dtype) for v in model.variables),
        # A plug-in may have been replaced under its name.
        tuple(type(layer) for layer in model._flatten_layers()),
    )


class Graph:
    """Training steps and prediction of one kind of network. It holds no state: whoever calls it does."""

    def __init__(self, feed: Feed, values: Mapping[str, Any], model: keras.Model, tensors: Tensors) -> None:
        self.values, self._feed, self._model = dict(values), feed, model
        self.layout = updates.Layout(model.trainable_variables)
        others = model.non_trainable_variables
        self.generators = [i for i, v in enumerate(others) if v.name == "seed_generator_state"]
        places = {id(v): ("weights", i) for i, v in enumerate(model.trainable_variables)}
        places |= {id(v): ("others", i) for i, v in enumerate(others)}
        self._order = [places[id(v)] for v in model.weights]
        state = self.start(model)
        self.train = Compiled(self._run_steps, self._signature(tensors, state))
        self.forward = Forward(
            feed,
            lambda weights, batch: self._call(weights["weights"], weights["others"], batch, False)[0],
            tensors,
            tuple(model.output_shape[1:]),
            weights={name: state[name] for name in ("weights", "others")},
            losses=lambda y, outputs: losses.loss_per_example(feed.head.loss, y, outputs),
        )

    def start(self, model: keras.Model) -> State:
        """The state of a run that begins with the weights of ``model``."""
        state = updates.start(self.values, self.layout.join(model.trainable_variables))
        return {**state, "others": [tf.convert_to_tensor(v) for v in model.non_trainable_variables]}

    def weights(self, state: State) -> list[Any]:
        """The arrays of ``model.get_weights()``."""
        parts = {"weights": self.layout.cut(state["weights"]), "others": state["others"]}
        return [parts[part][i].numpy() for part, i in self._order]

    def with_weights(self, state: State, weights: list[Any]) -> State:
        """The state with these arrays of ``model.get_weights()`` in it."""
        parts = {"weights": self.layout.cut(state["weights"]), "others": list(state["others"])}
        for (part, i), value in zip(self._order, weights, strict=True):
            parts[part][i] = tf.convert_to_tensor(value, parts[part][i].dtype)
        return {**state, "weights": self.layout.join(parts["weights"]), "others": parts["others"]}

    def _signature(self, tensors: Tensors, state: State) -> list[Any]:
        return [
            self._feed.signature(tensors),
            tf.TensorSpec([None], state["weights"].dtype),
            tf.nest.map_structure(tf.TensorSpec.from_tensor, state),
            tf.TensorSpec([None, None], tf.int64),
            tf.TensorSpec([None], tf.int64),
            tf.TensorSpec([None], tf.float32),
            tf.TensorSpec([None, 2], tf.int32),
            tf.TensorSpec([None], tf.float32),
        ]

    def _run_steps(
        self, tensors: Any, decay: Any, state: Any, index: Any, lengths: Any, rate: Any, seeds: Any, shares: Any
    ) -> Any:
        """The state after consecutive optimiser steps, and their ``(steps,)`` losses."""
        count = tf.shape(index)[0]

        def body(k: Any, state: Any, found: Any) -> Any:
            loss, gradient, others = self._gradient(tensors, state, index[k], lengths[k], seeds[k], shares[k])
            new = updates.step(self.values, state, gradient, rate[k], decay if self.decays else None)
            return k + 1, {**new, "others": others}, found.write(k, loss)

        found = tf.TensorArray(self._feed.spec.dtype, size=count, element_shape=())
        start = (0, state, found)
        _, state, found = tf.while_loop(lambda k, *_: k < count, body, start, parallel_iterations=1)
        return state, found.stack()

    @property
    def decays(self) -> bool:
        """Whether there is weight decay."""
        return bool(read(self.values, "weight_decay"))

    def _gradient(self, tensors: Any, state: Any, index: Any, length: Any, seed: Any, share: Any) -> Any:
        """Loss, its gradient, and what the network changed in itself."""
        name = read(self.values, "augment")
        batch, valid = self._feed.inputs(tensors, index, length)
        y = self._feed.targets(tensors, index)
        weight = self._feed.weights(tensors, index, y)
        batch = augment(name, batch, valid, seed)
        if name == "mixup":
            batch = mix(batch, share)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(state["weights"])
            outputs, others = self._call(state["weights"], state["others"], batch, True)
            value = self._loss(y, outputs, weight)
            if name == "mixup":
                kept = tf.cast(share, value.dtype)
                value = kept * value + (1 - kept) * self._loss(neighbour(y), outputs, neighbour(weight))
        return value, tape.gradient(value, state["weights"]), others

    def _call(self, weights: Any, others: Any, batch: Any, training: bool) -> Any:
        return self._model.stateless_call(self.layout.cut(weights), others, batch, training=training)

    def _loss(self, y: Any, outputs: Any, weight: Any) -> Any:
        smoothing = float(read(self.values, "label_smoothing"))
        return losses.loss(self._feed.head.loss, y, outputs, weight, label_smoothing=smoothing)
