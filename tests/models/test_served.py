"""A served table's categories are those of the training file, however a program sends them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstm_automl.data.encode import encode
from lstm_automl.errors import DataError
from lstm_automl.models.served import to_sequences

INFO = {
    "channels": ["a"], "static_names": [], "step_categories": ["mode"], "static_categories": ["site"],
    "vocabulary": {"mode": ["off", "on"], "site": ["3", "4.0", "7", "north"]},
}  # fmt: skip


def table(site: Any, mode: Any = ("on", "off")) -> pd.DataFrame:
    return pd.DataFrame({"sequence": [[1.0, 2.0]], "mode": [mode], "site": pd.Series([site], dtype=object)})


@pytest.mark.parametrize(
    ("site", "known"),
    [
        ("north", "north"), (" north ", "north"), (b"north", "north"), (3, "3"), (3.0, "3"), (np.float32(7), "7"),
        (np.int64(3), "3"), (4, "4.0"), (4.0, "4.0"), ("4", "4.0"), ("3.0", "3"), (3.5, None), (True, None),
        ("south", None), (np.inf, None), (10**400, None), ("03", None), ("north.0", None), ("03.0", None),
    ],
)  # fmt: skip
def test_a_category_is_found_as_the_file_spelled_it(site: Any, known: str | None) -> None:
    static = encode(to_sequences(table(site), INFO), INFO["vocabulary"]).static
    assert static is not None
    assert static.tolist() == [[float(name == known) for name in INFO["vocabulary"]["site"]]]


def test_steps() -> None:
    found = to_sequences(table("3", [" on", b"off "]), INFO)
    assert found.categories["mode"].tolist() == ["on", "off"]
    empty = to_sequences(table("3").iloc[:0], INFO)
    assert empty.categories["mode"].shape == empty.categories["site"].shape == (0,)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, "", " "])
def test_a_missing_category_is_empty(missing: Any) -> None:
    found = to_sequences(table(missing, ["on", missing]), INFO)
    assert (found.categories["site"].tolist(), found.categories["mode"].tolist()) == ([""], ["on", ""])


@pytest.mark.parametrize("mode", ["on", None, np.array("on"), ["on"], np.array(["on", "off", "on"])])
def test_another_number_of_steps(mode: Any) -> None:
    with pytest.raises(DataError, match=r"row 0: 'mode' has [13] steps, 'sequence' has 2"):
        to_sequences(table("3", mode), INFO)
