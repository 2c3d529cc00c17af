"""Labels keep their names and types."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError
from lstm_automl.tasks.labels import classes_of, decode, encode, joined_labels, labels_of


def _data(targets: object) -> Sequences:
    n = len(targets)
    return Sequences(np.zeros((n, 1)), np.arange(n + 1), ("x",), targets=np.asarray(targets), source="f.csv")


@pytest.mark.parametrize(
    "labels", [np.array([3, 1, 3]), np.array(["b", "a", "b"]), np.array([True, False, True]), np.array([0.5, 2.0, 0.5])]
)
def test_classes_survive_json_and_come_back_in_their_type(labels: np.ndarray) -> None:
    classes = json.loads(json.dumps(classes_of(labels)))
    back = decode(encode(labels, classes), classes)
    assert back.dtype.kind == labels.dtype.kind
    assert back.tolist() == labels.tolist()


def test_one_label_in_two_spellings_of_its_type() -> None:
    assert encode(np.array(["1", "2", "x"]), [1, 2]).tolist() == [0, 1, -1]
    assert encode(np.array([1.0, 2.5]), [1, 2]).tolist() == [0, -1]
    assert encode(np.array([2, 1]), ["1", "2"]).tolist() == [1, 0]
    assert encode(np.array(["1.0", "-2.00", "0.5"]), [1, -2]).tolist() == [0, 1, -1]
    assert encode(np.array([1, 2]), ["1.0", "2.0"]).tolist() == [0, 1]
    assert encode(np.array(["1", "2.5"]), [1.0, 2.5]).tolist() == [0, 1]


def test_spellings_that_are_classes_of_one_set_stay_apart() -> None:
    classes = ["1", "1.0", "2.0"]
    assert encode(np.array(["1.0", "1", "1.00", "2"]), classes).tolist() == [1, 0, -1, 2]
    assert encode(np.array([1, 2]), classes).tolist() == [0, 2]
    assert joined_labels([np.array(classes), np.array([1, 2])]).tolist() == ["1", "1.0", "2", "1", "2"]
    assert joined_labels([np.array(classes), np.array(["1"])]).tolist() == [*classes, "1"]


def test_names_that_only_look_like_numbers_stay_names() -> None:
    names = ["01", "01.0", "1e0", "1.10", "9007199254740993.0"]
    assert encode(np.array(names), [1, 1.1, 9007199254740993]).tolist() == [-1] * 5


def test_text_in_one_file_and_numbers_in_another_become_text() -> None:
    assert joined_labels([np.array([1.0, 2.0]), np.array(["x"])]).tolist() == ["1", "2", "x"]
    assert joined_labels([np.array([1]), np.array([2])]).dtype.kind == "i"
    assert joined_labels([np.array(["1.0", "2.0"]), np.array([1, 2])]).tolist() == ["1", "2", "1", "2"]
    assert joined_labels([np.array(["1", "2.5"]), np.array(["1.0"])]).tolist() == ["1", "2.5", "1"]
    assert joined_labels([np.array(["1.0"]), np.array(["2.0"])]).tolist() == ["1.0", "2.0"]


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (np.array(["a", None], dtype=object), "sequence 1 has no label"),
        (np.array([1.0, np.nan]), "sequence 1 has no label"),
        (np.array(["a", 1], dtype=object), "several types"),
        (np.array([[1], [2]]), "shape"),
        (np.array([1j, 2j]), "complex"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(targets: np.ndarray, words: str) -> None:
    with pytest.raises(DataError, match=words):
        labels_of(_data(targets))
