"""How our graphs are traced, called and fed: not optimised for longer than they run, forgotten, without copies.

No public switch does this for one thread and one call; the range of TensorFlow versions in setup.cfg is narrow.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.eager import context
from tensorflow.python.framework import ops

_PREFIX = "CustomGradient-"

ShouldStop = Callable[[], bool]


class Interrupted(Exception):  # noqa: N818 - an event, not a mistake
    """Work was left between two graph calls, because somebody who was asked said so."""


@contextmanager
def quickly(*, in_turn: bool = True) -> Iterator[None]:
    """Graphs traced and first called within it are run as they were traced, in this thread only.

    TensorFlow's graph optimiser takes longer over a training graph than tracing it does, and finds nothing that
    makes an epoch faster.

    Args:
        in_turn: One operation after the other, in half the time to the first result; not for control flow of
            TensorFlow's first version.
    """
    current = context.context()
    before = current.function_call_options
    current.function_call_options = _options(in_turn and not tf.config.list_physical_devices("GPU"))
    try:
        yield
    finally:
        current.function_call_options = before


class Compiled:
    """A function traced once, on its first call, for all tensors of a signature.

    Args:
        function: Of tensors, without side effects.
        signature: Specs of its arguments.
    """

    def __init__(self, function: Callable[..., Any], signature: Sequence[Any]) -> None:
        self._make: Callable[[], Any] = lambda: tf.function(function, input_signature=signature, autograph=False)
        self._function = self._make()
        self._ready, self._in_turn = False, True

    def __call__(self, *given: Any) -> Any:
        """What the function returns."""
        if not self._ready:
            return self._first(*given)
        with quickly(in_turn=self._in_turn):
            return self._function(*given)

    def _first(self, *given: Any) -> Any:
        try:
            found = self._trace(*given)
        except tf.errors.FailedPreconditionError:  # a layer with control flow of the first version
            self._in_turn, self._function = False, self._make()
            found = self._trace(*given)
        self._ready = True
        return found

    @property
    def traces(self) -> int:
        """How often it was traced."""
        return int(self._function.experimental_get_tracing_count())

    def _trace(self, *given: Any) -> Any:
        """Trace and call, and see to it that nothing but this object holds the graph.

        TensorFlow registers each use of a custom gradient for good, and with it the whole graph: 13 MB a model that
        no collector can free. Once the gradient is in the graph, nobody asks for the entry again.
        """
        registered = ops.gradient_registry._registry
        before = frozenset(list(registered))
        with quickly(in_turn=self._in_turn), uncollected():
            traced = self._function.get_concrete_function().graph
            found = self._function(*given)
        # Other threads trace, too: what is theirs stays.
        for name in list(registered):
            entry = None if name in before or not name.startswith(_PREFIX) else registered.get(name)
            if entry is not None and _graph(entry["type"]) is traced:
                registered.pop(name, None)
        return found


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection: tracing makes thousands of objects, which would be gone through again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def mapped(array: NDArray[Any]) -> Any:
    """A tensor on the memory of an array, which must not change: on the CPU a mapped file stays one.

    >>> import numpy as np
    >>> mapped(np.arange(3)).numpy().tolist()
    [0, 1, 2]
    """
    current = context.context()
    current.ensure_initialized()
    dtype = tf.as_dtype(array.dtype).as_datatype_enum
    # What tf.constant does after making a copy.
    return ops.EagerTensor(np.ascontiguousarray(array), current.device_name, dtype)


def collect() -> None:
    """Give back the memory of graphs that nobody holds any more."""
    gc.collect()
    context.context().clear_kernel_cache()


def _graph(gradient: Any) -> Any:
    """The outermost graph of the tensors that a registered gradient holds; None when it cannot be told."""
    found: list[Any] = [gradient]
    for _ in range(2):  # the registered function holds a wrapper, which holds tensors
        found = [cell.cell_contents for f in found for cell in getattr(f, "__closure__", None) or () if _full(cell)]
    graphs = [getattr(t, "graph", None) for t in tf.nest.flatten(found) if tf.is_tensor(t)]
    graph: Any = next((g for g in graphs if g is not None), None)
    while getattr(graph, "outer_graph", None) is not None and hasattr(graph.outer_graph, "outer_graph"):
        graph = graph.outer_graph
    return graph


def _full(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty one raises
    except ValueError:
        return False
    return True


@cache
def _options(in_turn: bool) -> Any:
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    executor = "SINGLE_THREADED_EXECUTOR" if in_turn else None
    return context.FunctionCallOptions(executor_type=executor, config_proto=config)
