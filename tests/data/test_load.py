"""Which reader a file gets, and files that are none."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from lstm_automl.data.load import load
from lstm_automl.data.options import DataOptions
from lstm_automl.errors import DataError

READERS = "(there are: .csv, .parquet, .npz, .ts; .tsv and .txt as .csv)"
TABLE = "t0,t1,label\n1,2,a\n"


def refused(path: Path | str) -> str:
    with pytest.raises(DataError) as caught:
        load(path, DataOptions(), kind="label")
    return str(caught.value)


def test_missing_file_names_a_near_one(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(TABLE)
    assert refused(tmp_path / "trian.csv") == f"{tmp_path}/trian.csv: no such file; did you mean 'train.csv'?"
    assert refused(tmp_path / "no" / "x.csv") == f"{tmp_path}/no/x.csv: no such file"


def test_folder(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path}: is a folder; name one file in it"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.xlsx", f"a.xlsx: no reader for .xlsx {READERS}"),
        ("a", f"a: no reader for a name without suffix {READERS}"),
        ("a.npz.gz", "a.npz.gz: .npz files are compressed already; unpack it first"),
    ],
)
def test_unknown_suffix(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(TABLE)
    assert refused(tmp_path / name) == message


def test_name_too_long() -> None:
    assert refused("x" * 5000) == f"{'x' * 200!r}: cannot be read: File name too long"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TABLE)
    path.chmod(0)
    assert refused(path) == f"{path}: cannot be read: Permission denied"


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.b.csv", "a.txt", "a.tsv", "a.csv.gz", "exp[1].csv"])
def test_suffixes_of_one_table(name: str, tmp_path: Path) -> None:
    text = TABLE.replace(",", "\t") if name == "a.tsv" else TABLE
    content = gzip.compress(text.encode()) if name.endswith("gz") else text.encode()
    (tmp_path / name).write_bytes(content)
    data = load(tmp_path / name, DataOptions(), kind="label")
    np.testing.assert_array_equal(data.values, [[1.0], [2.0]])
    assert data.source == name
