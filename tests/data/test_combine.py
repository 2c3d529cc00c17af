"""Sequences put together and taken apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lstm_automl.data.arrays import from_arrays
from lstm_automl.data.combine import combine, take
from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError


def make(start: float = 0.0, source: str = "a") -> Sequences:
    """Sequences of 1, 3 and 2 rows with one of everything."""
    values = start + np.arange(12.0).reshape(6, 2)
    parts = [values[:1], values[1:4], values[4:]]
    data = from_arrays(
        parts, ["x", "y", "z"], static=[[1], [2], [3]], groups=["g", "h", "g"], ids=["i", "j", "k"],
        sample_weight=[1, 2, 3], source=source,
    )  # fmt: skip
    per_step = np.array(list("abcdef"))
    return replace(
        data, times=np.arange(6.0), categories={"step": per_step, "kind": np.array(["u", "v", "w"])},
        static_categories=("kind",),
    )  # fmt: skip


def same(a: Sequences, b: Sequences) -> None:
    for name in ("values", "offsets", "targets", "static", "groups", "ids", "weights", "times"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    for name in a.categories:
        np.testing.assert_array_equal(a.categories[name], b.categories[name])


def test_take_reorders_everything() -> None:
    data = take(make(), [2, 0, 2])
    assert data.lengths.tolist() == [2, 1, 2]
    assert data.values[:, 0].tolist() == [8, 10, 0, 8, 10]
    assert data.categories["step"].tolist() == ["e", "f", "a", "e", "f"]
    assert data.categories["kind"].tolist() == ["w", "u", "w"]
    assert data.weights is not None
    assert data.weights.tolist() == [3, 1, 3]


def test_take_of_targets_per_row() -> None:
    data = replace(make(), targets=np.arange(6.0), target_per_row=True)
    targets = take(data, [1]).targets
    assert targets is not None
    assert targets.tolist() == [1, 2, 3]


def test_parts_make_the_whole() -> None:
    whole = make()
    same(combine([take(whole, [0]), take(whole, [1, 2])]), whole)
    assert combine([make(), make(100.0, "b")]).source == "a + b"


def test_what_only_one_part_has_is_dropped() -> None:
    data = combine([make(), replace(make(), groups=None)])
    assert data.groups is None
    assert data.ids is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": ("p", "q")}, "b: channels p, q, but a has channel_0, channel_1"),
        ({"static_names": ("age",)}, "b: static names age, but a has static_0"),
        ({"targets": None}, "b and a: only one of them has targets"),
        ({"targets": np.arange(3)}, "a and b: targets are text in one and numbers in another"),
        ({"categories": {}}, "b: categorical columns [], but a has ['kind', 'step']"),
    ],
)
def test_other_data_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(DataError) as caught:
        combine([make(), replace(make(source="b"), **change)])  # type: ignore[arg-type]
    assert str(caught.value) == message
