"""Data sets without a file."""

from __future__ import annotations

import pytest

from lstm_automl.data.builtin import NAMES, builtin
from lstm_automl.errors import UnknownNameError


def test_digits_are_rows_of_pixels() -> None:
    data = builtin("digits")
    assert data.values.shape == (1797 * 8, 8)
    assert set(data.lengths.tolist()) == {8}
    assert data.targets is not None
    assert sorted(set(data.targets.tolist())) == list(range(10))
    assert data.source == "digits"


def test_unknown_name() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown built-in data set 'digit'; did you mean 'digits'\?"):
        builtin("digit")
    assert NAMES == ("digits",)
