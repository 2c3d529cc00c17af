"""Arrays, lists and tables of Python as sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_automl.data.arrays import from_arrays, from_table
from lstm_automl.errors import DataError
from lstm_automl.testing.arrays import to_list, to_table

N = np.nan
FORMS = "expected (n, time, features), (n, time), or a list of (time, features) arrays"
MINIMUM = "while a minimum of 1 is required."


def objects(*items: Any) -> np.ndarray:
    array = np.empty(len(items), dtype=object)
    array[:] = list(items)
    return array


BAD_X: dict[str, tuple[Any, str]] = {
    "0 samples": (np.zeros((0, 5, 2)), f"X has 0 sample(s) (shape=(0, 5, 2)) {MINIMUM}"),
    "0 samples, list": ([], f"X has 0 sample(s) (shape=(0,)) {MINIMUM}"),
    "0 timesteps": (np.zeros((3, 0, 2)), f"X has 0 timestep(s) (shape=(3, 0, 2)) {MINIMUM}"),
    "0 timesteps, ragged": ([[[1.0]], []], f"X[1] has 0 timestep(s) (shape=(0,)) {MINIMUM}"),
    "0 features": (np.zeros((3, 5, 0)), f"X has 0 feature(s) (shape=(3, 5, 0)) {MINIMUM}"),
    "0 features, 2-D": (np.zeros((3, 0)), f"X has 0 feature(s) (shape=(3, 0)) {MINIMUM}"),
    "1-D": (
        np.zeros(5),
        f"X has 1 dimension(s), shape (5,): {FORMS}. Reshape your data: one series is X.reshape(1, -1), "
        "one number a series X.reshape(-1, 1).",
    ),
    "4-D": (np.zeros((2, 2, 2, 2)), f"X has 4 dimension(s), shape (2, 2, 2, 2): {FORMS}."),
    "nothing": (None, f"X has 0 dimension(s), shape (): {FORMS}."),
    "not (T, F)": (objects(np.zeros((3, 2)), None), "X[1] has shape (): expected (time, features) or (time,)"),
    "two ranks": (objects(np.zeros((3, 2)), np.zeros(3)), "X[1] has 1 dimension(s), but X[0] has 2"),
    "two widths": (
        [np.zeros((3, 2)), np.zeros((3, 4))],
        "X[1] has 4 features, but X[0] has 2; is the layout (channels, time)? then say layout='NCT'",
    ),
    "ragged within": ([[[1.0, 2.0], [2.0]], [[1.0]]], f"X[0] is ragged within: {FORMS}"),
    "text": ([["a", "b"]], "X[0] holds text (<U1), not numbers"),
    "text array": (np.array([["1", "2"]]), "X holds text (<U1), not numbers"),
    "text column": (pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}), "X holds text, not numbers"),
    "times": (np.zeros((1, 2), dtype="M8[D]"), "X holds times (datetime64[D]), not numbers"),
    "complex": (np.zeros((2, 3, 1), dtype=complex), "X: complex data not supported"),
    "NaN": ([[[1.0], [N]], [[2.0], [3.0]]], "X[0]: step 1, channel 0: missing value (NaN)"),
    "inf": (np.full((2, 3, 1), np.inf), "X[0]: step 0, channel 0: infinite value (inf), the first of 6"),
    "dictionaries": ({"a": 1}, "X must hold numbers: float() argument must be a string or a real number, not 'dict'"),
    "no lists in the column": (pd.DataFrame({"sequence": [[[1.0]], "x"]}), "X[1] holds text (<U1), not numbers"),
}

SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "length mismatch": ({"y": [1, 2]}, "y has shape (2,), but X has 3 sequences: expected (3,)"),
    "y of other steps": ({"y": np.zeros((3, 2))}, "y has shape (3, 2), but X has 3 sequences: expected (3,)"),
    "y NaN": ({"y": [1, N, 2]}, "y[1]: missing value (NaN)"),
    "y complex": ({"y": [1j, 1, 2]}, "y: complex data not supported"),
    "y mixed": ({"y": [1, "a", 2]}, "y must hold numbers alone or strings alone"),
    "y mixed objects": ({"y": objects(1, "a", 2)}, "y must hold numbers alone or strings alone"),
    "weights": ({"sample_weight": [1, 2]}, "sample_weight has shape (2,), but X has 3 sequences: expected (3,)"),
    "negative": ({"sample_weight": [1, -1, 1]}, "sample_weight[1]: sample weight -1 is not a number of at least 0"),
    "zero": ({"sample_weight": [0, 0, 0]}, "sample_weight[0]: every sample weight is 0"),
    "static": ({"static": [1, 2, 3]}, "static has shape (3,): expected (3, columns)"),
    "static NaN": ({"static": [[1], [N], [2]]}, "static[1, 0]: missing value (NaN)"),
    "groups": ({"groups": [1]}, "groups has shape (1,), but X has 3 sequences: expected (3,)"),
    "names": ({"names": ["a", "b"]}, "X: 2 channel names for 1 columns"),
    "lengths": ({"lengths": [1, 2, 9]}, "X: lengths[2] is 9: must lie in 1..4"),
    "layout": ({"layout": "TNC"}, "layout must be 'NTC' or 'NCT', not 'TNC'"),
}


@pytest.mark.parametrize("what", BAD_X)
def test_bad_arrays(what: str) -> None:
    X, message = BAD_X[what]
    with pytest.raises(DataError) as caught:
        from_arrays(X)
    assert str(caught.value) == message


@pytest.mark.parametrize("what", SETTINGS)
def test_bad_companions(what: str) -> None:
    settings, message = SETTINGS[what]
    with pytest.raises(DataError) as caught:
        from_arrays(np.zeros((3, 4, 1)), **settings)
    assert str(caught.value) == message


def test_sparse_matrices_are_refused() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(DataError, match=r"X: sparse data was passed, but dense data is required: use \.toarray\(\)"):
        from_arrays(sparse.csr_matrix(np.eye(3)))


GOOD: dict[str, tuple[Callable[[], Any], list[int], int]] = {
    "3-D": (lambda: np.ones((3, 4, 2)), [4, 4, 4], 2),
    "2-D": (lambda: np.ones((3, 4)), [4, 4, 4], 1),
    "integers": (lambda: np.ones((3, 4), dtype=int), [4, 4, 4], 1),
    "object numbers": (lambda: np.ones((3, 4)).astype(object), [4, 4, 4], 1),
    "list of arrays": (lambda: [np.ones((2, 3)), np.ones((4, 3))], [2, 4], 3),
    "object array": (lambda: objects(np.ones(3), np.ones(5)), [3, 5], 1),
    "nested lists": (lambda: [[[1, 2]], [[3, 4], [5, 6]]], [1, 2], 2),
    "ragged lists": (lambda: [[1, 2], (3,)], [2, 1], 1),
    "DataFrame": (lambda: pd.DataFrame({"a": [1, 2], "b": [3, 4.0]}), [2, 2], 1),
    "Series": (lambda: pd.Series([np.ones(2), np.ones(3)]), [2, 3], 1),
    "arrays of arrays": (lambda: pd.Series([objects(np.ones(2), np.ones(2)), objects(np.ones(2))]), [2, 1], 2),
    "served": (lambda: pd.DataFrame({"sequence": [[[1.0], [2.0]], [[3.0]]]}), [2, 1], 1),
}


@pytest.mark.parametrize("form", GOOD)
def test_accepted_forms(form: str) -> None:
    make, lengths, features = GOOD[form]
    data = from_arrays(make())
    assert data.lengths.tolist() == lengths
    assert data.values.shape == (sum(lengths), features)
    assert data.values.dtype == np.float64


def test_channels_first() -> None:
    x = np.arange(12.0).reshape(2, 3, 2)
    np.testing.assert_array_equal(from_arrays(x.transpose(0, 2, 1), layout="NCT").values, from_arrays(x).values)
    ragged = [x[0], x[1][:2]]
    turned = from_arrays([part.T for part in ragged], layout="NCT")
    np.testing.assert_array_equal(turned.values, from_arrays(ragged).values)


def test_padded_array_with_lengths() -> None:
    x = np.arange(6.0).reshape(2, 3, 1)
    data = from_arrays(x, lengths=[2, 3])
    assert data.values[:, 0].tolist() == [0, 1, 3, 4, 5]
    assert data.offsets.tolist() == [0, 2, 5]


def test_targets_keep_their_type() -> None:
    for y, kind in ((["a", "b"], "U"), ([1, 2], "i"), ([True, False], "b"), ([0.5, 1.0], "f"), (objects(1, 2), "i")):
        targets = from_arrays(np.ones((2, 3)), y).targets
        assert targets is not None
        assert targets.dtype.kind == kind


def test_targets_of_each_row() -> None:
    x = np.ones((2, 3, 1))
    for y in (np.arange(6).reshape(2, 3), np.arange(6), [[0, 1, 2], [3, 4, 5]]):
        data = from_arrays(x, y)
        assert data.target_per_row
        assert data.targets is not None
        assert data.targets.tolist() == [0, 1, 2, 3, 4, 5]
    ragged = from_arrays([np.ones(1), np.ones(2)], [np.array([5]), np.array([6, 7])])
    assert ragged.targets is not None
    assert ragged.targets.tolist() == [5, 6, 7]


@settings(deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(1, 3), st.integers(0, 2))
def test_lists_and_tables_round_trip(lengths: list[int], features: int, static: int) -> None:
    rng = np.random.default_rng(sum(lengths))
    parts = [rng.standard_normal((n, features)) for n in lengths]
    facts = rng.standard_normal((len(parts), static)) if static else None
    data = from_arrays(parts, static=facts)
    for part, back in zip(parts, to_list(data), strict=True):
        np.testing.assert_array_equal(part, back)
    again = from_table(to_table(data))
    np.testing.assert_array_equal(again.values, data.values)
    np.testing.assert_array_equal(again.offsets, data.offsets)
    assert again.static_names == data.static_names
    if facts is not None:
        np.testing.assert_array_equal(again.static, facts)


def test_served_table_without_sequences() -> None:
    with pytest.raises(DataError) as caught:
        from_table(pd.DataFrame({"x": [1]}))
    assert str(caught.value) == "input: no column 'sequence' of nested lists (time, features); found 'x'"


def test_float32_stays_when_asked_for() -> None:
    assert from_arrays(np.ones((2, 3)), dtype="float32").values.dtype == np.float32
