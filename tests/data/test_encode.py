"""Categorical columns as 0/1 columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lstm_automl.data.arrays import from_arrays
from lstm_automl.data.encode import encode, fit_vocabulary
from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError


def make() -> Sequences:
    data = from_arrays([np.zeros((2, 1)), np.ones((1, 1))], static=[[5], [6]])
    return replace(
        data,
        categories={"mode": np.array(["on", "", "off"]), "town": np.array(["Rome", "Oslo"])},
        static_categories=("town",),
        known_categories=("mode",),
    )


def test_columns_are_appended() -> None:
    vocabulary = fit_vocabulary(make())
    assert vocabulary == {"mode": ["off", "on"], "town": ["Oslo", "Rome"]}
    data = encode(make(), vocabulary)
    assert data.channels == ("channel_0", "mode=off", "mode=on")
    assert data.values.tolist() == [[0, 0, 1], [0, 0, 0], [1, 1, 0]]
    assert data.known_channels == (1, 2)
    assert data.static_names == ("static_0", "town=Oslo", "town=Rome")
    assert data.static is not None
    assert data.static.tolist() == [[5, 0, 1], [6, 1, 0]]
    assert not data.categories


def test_vocabulary_of_the_training_part_alone() -> None:
    assert fit_vocabulary(make(), sequences=[0]) == {"mode": ["on"], "town": ["Rome"]}
    data = encode(make(), fit_vocabulary(make(), sequences=[0]))
    assert data.values[:, 1].tolist() == [1, 0, 0]


def test_a_column_of_one_row_sequences_stays_per_step() -> None:
    data = replace(from_arrays(np.zeros((2, 1, 1))), categories={"mode": np.array(["on", "off"])}, static_categories=())
    assert encode(data, {"mode": ["on"]}).channels == ("channel_0", "mode=on")


def test_refusals() -> None:
    with pytest.raises(DataError, match=r"^X: no categorical column 'day'$"):
        encode(make(), {"day": ["mo"]})
    many = replace(make(), categories={"mode": np.arange(300).astype(str)[:3]}, values=np.zeros((300, 1)))
    many = replace(
        many, offsets=np.array([0, 300]), categories={"mode": np.arange(300).astype(str)}, static_categories=()
    )
    with pytest.raises(DataError, match=r"^X: column 'mode' has 300 categories, more than 200$"):
        fit_vocabulary(many)


def test_categories_that_training_did_not_have_are_told(caplog: pytest.LogCaptureFixture) -> None:
    encode(make(), {"mode": ["off", "on"], "town": ["Rome"]})
    assert caplog.messages == ["X: column 'town': 'Oslo' did not occur in training: unknown to the model"]


def test_whole_numbers_and_floats_are_one_category() -> None:
    data = from_arrays(np.zeros((6, 1, 1)))
    mixed = replace(
        data, categories={"code": np.array(["3", "3.0", "04", "4", "2.5", ""])}, static_categories=("code",)
    )
    vocabulary = fit_vocabulary(mixed)
    assert vocabulary == {"code": ["04", "2.5", "3", "4"]}
    static = encode(mixed, vocabulary).static
    assert static is not None
    assert static.argmax(axis=1)[:5].tolist() == [2, 2, 0, 3, 1]
    assert not static[5].any()
    floats = replace(data, categories={"code": np.array([3.0, 3, None, np.nan, b"04", "4.0"], object)},
                     static_categories=("code",))  # fmt: skip
    static = encode(floats, vocabulary).static
    assert static is not None
    assert static.sum(axis=1).tolist() == [1, 1, 0, 0, 1, 1]
    assert fit_vocabulary(floats) == {"code": ["04", "3", "4.0"]}
