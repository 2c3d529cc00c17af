"""What .ts and .npz files may hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstm_automl.data.load import load
from lstm_automl.data.options import DataOptions
from lstm_automl.tasks.labels import classes_of, encode, joined_labels

HEADER = """
# a comment
@problemName Toy
@timeStamps false
@missing true
@univariate false
@dimensions 2
@equalLength false
@classLabel true up down
@data
"""


def test_ts_ragged_multivariate(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text(HEADER + "1,2,?:4,5,6:up\r\n\r\n1.5E-3:-2 : down\n")
    data = load(path, DataOptions(allow_nan=True), kind="label")
    np.testing.assert_array_equal(data.values, [[1, 4], [2, 5], [np.nan, 6], [0.0015, -2]])
    assert data.offsets.tolist() == [0, 3, 4]
    assert data.channels == ("dim_0", "dim_1")
    assert data.targets is not None
    assert data.targets.tolist() == ["up", "down"]


def test_ts_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text("@targetlabel true\n@data\n1,2:0.5\n3,4:-1e-3\n")
    data = load(path, DataOptions(), kind="value")
    assert data.channels == ("value",)
    assert data.targets is not None
    assert data.targets.tolist() == [0.5, -0.001]


def test_ts_without_labels_is_for_prediction(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    for text in ("@classLabel false\n@data\n1,2\n", "@classLabel true a b\n@data\n1,2:?\n"):
        path.write_text(text)
        data = load(path, DataOptions(), kind="label", labelled=False)
        assert data.targets is None
        assert data.values[:, 0].tolist() == [1, 2]


@pytest.mark.parametrize("layout", ["NTC", "NCT"])
def test_npz_of_everything(layout: str, tmp_path: Path) -> None:
    x = np.arange(12.0).reshape(2, 3, 2)
    np.savez(
        tmp_path / "a.npz", X=x if layout == "NTC" else x.transpose(0, 2, 1), y=[1.0, 0.0], lengths=[3, 2],
        static=[[1], [2]], groups=["g", "h"], weight=[1, 2], ids=[7, 8], channels=["p", "q"], static_names=["age"],
    )  # fmt: skip
    data = load(tmp_path / "a.npz", DataOptions(layout=layout), kind="label")  # type: ignore[arg-type]
    np.testing.assert_array_equal(data.values, x.reshape(6, 2)[:5])
    assert data.channels == ("p", "q")
    assert data.static_names == ("age",)
    assert data.targets is not None
    assert data.targets.dtype == np.int64
    assert data.ids is not None
    assert data.ids.tolist() == ["7", "8"]
    assert data.groups is not None
    assert data.weights is not None


def test_npz_without_labels_is_for_prediction(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=np.zeros((2, 3)), y=["a", ""])
    assert load(tmp_path / "a.npz", DataOptions(), kind="label", labelled=False).targets is None


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", "int64", "Int8"])
def test_whole_numbers_are_labels_alike_in_every_format(dtype: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"t0": [0.5, 1.5], "t1": [2.5, 3.5], "label": pd.array([1, 2], dtype)})
    table.to_parquet(tmp_path / "a.parquet")
    np.savez(tmp_path / "a.npz", X=table[["t0", "t1"]].to_numpy(), y=[1.0, 2.0])
    for name in ("a.parquet", "a.npz"):
        targets = load(tmp_path / name, DataOptions(), kind="label").targets
        assert targets is not None
        assert targets.dtype == np.int64
        assert targets.tolist() == [1, 2]
    table.to_csv(tmp_path / "a.csv", index=False)
    read = [load(tmp_path / name, DataOptions(), kind="label").targets for name in ("a.csv", "a.parquet", "a.npz")]
    files = [file for file in read if file is not None]
    for classes in (["1.0", "2.0"], ["1", "2"], *(classes_of(file) for file in files)):
        assert [encode(file, classes).tolist() for file in files] == [[0, 1]] * 3
    assert len(classes_of(joined_labels(files))) == 2


def test_numbers_too_large_for_integers_stay_apart(tmp_path: Path) -> None:
    pd.DataFrame({"t0": [0.5, 1.5], "label": [1e300, 1e200]}).to_parquet(tmp_path / "a.parquet")
    np.savez(tmp_path / "a.npz", X=np.zeros((2, 3)), y=[1e300, 1e200])
    for name in ("a.parquet", "a.npz"):
        targets = load(tmp_path / name, DataOptions(), kind="label").targets
        assert targets is not None
        assert [float(label) for label in targets] == [1e300, 1e200]


def test_unsigned_labels_beyond_int64_keep_their_value(tmp_path: Path) -> None:
    large = [2**63 + 5, 2**63 + 6]
    pd.DataFrame({"t0": [0.5, 1.5], "label": np.array(large, np.uint64)}).to_parquet(tmp_path / "a.parquet")
    targets = load(tmp_path / "a.parquet", DataOptions(), kind="label").targets
    assert targets is not None
    assert targets.tolist() == [*map(str, large)]


def test_names_stored_as_bytes_are_text(tmp_path: Path) -> None:
    pd.DataFrame({"t0": [0.5, 1.5], "label": ["größe".encode(), b"b"]}).to_parquet(tmp_path / "a.parquet")
    np.savez(tmp_path / "a.npz", X=np.zeros((2, 3)), y=np.array(["größe".encode(), b"b"]))
    for name in ("a.parquet", "a.npz"):
        targets = load(tmp_path / name, DataOptions(), kind="label").targets
        assert targets is not None
        assert targets.tolist() == ["größe", "b"]


def test_blanks_around_the_names_of_columns_say_nothing(tmp_path: Path) -> None:
    pd.DataFrame({" label ": ["a", "b"], " t0": [0.5, 1.5]}).to_parquet(tmp_path / "a.parquet")
    data = load(tmp_path / "a.parquet", DataOptions(), kind="label")
    assert data.targets is not None
    assert data.targets.tolist() == ["a", "b"]


def test_fractions_are_names_of_classes_as_they_are_written(tmp_path: Path) -> None:
    pd.DataFrame({"t0": [0.5, 1.5], "label": [1.0, 2.5]}).to_parquet(tmp_path / "a.parquet")
    targets = load(tmp_path / "a.parquet", DataOptions(), kind="label").targets
    assert targets is not None
    assert targets.tolist() == ["1.0", "2.5"]


def test_npz_target_of_each_row(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", values=np.zeros((3, 1)), offsets=[0, 1, 3], y=[5.0, 6.0, 7.0])
    data = load(tmp_path / "a.npz", DataOptions(), kind="value")
    assert data.target_per_row
    assert data.targets is not None
    assert data.targets.tolist() == [5, 6, 7]
