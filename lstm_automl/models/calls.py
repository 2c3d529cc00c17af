"""How our graphs are called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import tensorflow as tf

# No public switch works for one thread and one call; the range of TensorFlow versions in setup.cfg is narrow.
from tensorflow.python.eager import context


@contextmanager
def unoptimized() -> Iterator[None]:
    """Graphs first called within it are run as they were traced.

    TensorFlow's graph optimiser takes longer over a training graph than tracing it does, and finds nothing that
    makes an epoch faster. In this thread only: graphs of others are none of our business.
    """
    current = context.context()
    before = current.function_call_options
    current.function_call_options = _options()
    try:
        yield
    finally:
        current.function_call_options = before


@cache
def _options() -> Any:
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return context.FunctionCallOptions(config_proto=config)
