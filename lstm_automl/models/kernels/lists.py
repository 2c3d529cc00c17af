"""TensorFlow's lists of tensors, with the shapes that TensorFlow forgets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

ops = tf.raw_ops


def shaped(x: Any, shape: Any) -> Any:
    """``x``, known to be of this shape."""
    x.set_shape(shape)
    return x


def empty(like: Any) -> Any:
    """A list for tensors of the width and type of ``like`` ``(batch, width)``."""
    return ops.EmptyTensorList(element_shape=[-1, like.shape[1]], max_num_elements=-1, element_dtype=like.dtype)


def reserved(steps: Any, width: int, dtype: Any) -> Any:
    """A list of so many tensors ``(batch, width)``, to be set."""
    return ops.TensorListReserve(element_shape=[-1, width], num_elements=steps, element_dtype=dtype)


def listed(x: Any) -> Any:
    """A list of the slices along the first axis, which share its memory."""
    return ops.TensorListFromTensor(tensor=x, element_shape=tf.shape(x)[1:])


def push(store: Any, items: Iterable[Any]) -> Any:
    """The list with these at its end."""
    for item in items:
        store = ops.TensorListPushBack(input_handle=store, tensor=item)
    return store


def popped(store: Any, like: Any, count: int) -> tuple[list[Any], Any]:
    """The last ``count`` items, first one first, and the list without them."""
    items = []
    for _ in range(count):
        store, item = ops.TensorListPopBack(
            input_handle=store, element_shape=[-1, like.shape[1]], element_dtype=like.dtype
        )
        items.append(shaped(item, like.shape))
    return items[::-1], store


def put(store: Any, index: Any, item: Any) -> Any:
    """The list with this item at ``index``."""
    return ops.TensorListSetItem(input_handle=store, index=index, item=item)


def item(store: Any, index: Any, like: Any) -> Any:
    """The item at ``index``, of the shape of ``like``."""
    found = ops.TensorListGetItem(
        input_handle=store, index=index, element_shape=[-1, like.shape[1]], element_dtype=like.dtype
    )
    return shaped(found, like.shape)


def stacked(store: Any, shape: Any, dtype: Any) -> Any:
    """All items, each ``shape`` ``(batch, width)``, along a first axis."""
    found = ops.TensorListStack(input_handle=store, element_shape=[-1, shape[1]], element_dtype=dtype, num_elements=-1)
    return shaped(found, [None, *shape])
