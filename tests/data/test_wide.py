"""Wide tables: a row a sequence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstm_automl.data.load import load
from lstm_automl.data.options import DataOptions, Kind
from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError


def read(folder: Path, text: str, kind: Kind = "label", labelled: bool = True, **options: object) -> Sequences:
    path = folder / "a.csv"
    path.write_text(text)
    return load(path, DataOptions(**options), kind=kind, labelled=labelled)  # type: ignore[arg-type]


def test_columns_are_the_steps_of_one_channel(tmp_path: Path) -> None:
    data = read(tmp_path, "t1,t0,t2,kind\n1,2,3,cat\n4,5,6,dog\n")
    np.testing.assert_array_equal(data.values[:, 0], [1, 2, 3, 4, 5, 6])
    assert data.lengths.tolist() == [3, 3]
    assert data.channels == ("value",)
    assert data.targets is not None
    assert data.targets.tolist() == ["cat", "dog"]
    assert data.read_as == {"table": "wide", "target": ("kind",)}


@pytest.mark.parametrize("name", ["target", "label", "y", "class", "Label"])
def test_target_found_by_name_anywhere(name: str, tmp_path: Path) -> None:
    data = read(tmp_path, f"{name},a,b\nx,1,2\n")
    assert data.targets is not None
    assert data.targets.tolist() == ["x"]


@pytest.mark.parametrize("header", ["x,y,z", "z,Y,x", "x,y,z,t3", "y,x,z,id"])
@pytest.mark.parametrize("kind", ["label", "value"])
def test_axes_without_a_target_by_name_are_no_guess(kind: Kind, header: str, tmp_path: Path) -> None:
    text = f"{header}\n1,2,3,4\n5,6,7,8\n" if header.count(",") == 3 else f"{header}\n1,2,3\n5,6,7\n"
    with pytest.raises(DataError, match=r"^a\.csv: .*name the target with --target$"):
        read(tmp_path, text, kind)
    named = next(name for name in header.split(",") if name.lower() == "y")
    assert read(tmp_path, text, kind, target=named).read_as["target"] == (named,)
    assert read(tmp_path, text, kind, labelled=False).targets is None


def test_axes_beside_a_target_by_name_are_steps(tmp_path: Path) -> None:
    data = read(tmp_path, "x,y,label,z\n1,2,0.5,3\n4,5,1.5,6\n", "value")
    assert data.targets is not None
    assert data.targets.tolist() == [0.5, 1.5]
    np.testing.assert_array_equal(data.values[:, 0], [1, 2, 3, 4, 5, 6])


def test_labels_keep_their_names(tmp_path: Path) -> None:
    data = read(tmp_path, 't0,label\n1,01\n2,NA\n3, None \n4,"a, b"\n5,1.0\n')
    assert data.targets is not None
    assert data.targets.tolist() == ["01", "NA", "None", "a, b", "1.0"]


def test_other_columns_are_taken_out(tmp_path: Path) -> None:
    text = "id,t0,age,city,t1,who,w,label\na1,1,30,Rome,2,p,0.5,x\na2,3,40,Oslo,4,q,1,y\n"
    data = read(tmp_path, text, id="id", table="wide", static="age", categorical="city", group="who", weight="w")
    np.testing.assert_array_equal(data.values[:, 0], [1, 2, 3, 4])
    assert data.static is not None
    assert data.static.tolist() == [[30], [40]]
    assert data.static_names == ("age",)
    assert data.categories["city"].tolist() == ["Rome", "Oslo"]
    assert data.static_categories == ("city",)
    assert data.groups is not None
    assert data.groups.tolist() == ["p", "q"]
    assert data.ids is not None
    assert data.ids.tolist() == ["a1", "a2"]
    assert data.weights is not None
    assert data.weights.tolist() == [0.5, 1.0]


def test_a_column_of_distinct_ids_does_not_make_a_table_long(tmp_path: Path) -> None:
    data = read(tmp_path, "id,t0,t1,label\n7,1,2,x\n8,3,4,y\n")
    assert data.lengths.tolist() == [2, 2]
    assert data.ids is not None
    assert data.ids.tolist() == ["7", "8"]


def test_floats_are_exact(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.standard_normal(3000) * 10.0 ** rng.integers(-300, 38, 3000)
    data = read(tmp_path, "a,y\n" + "".join(f"{x!r},0\n" for x in numbers.tolist()))
    np.testing.assert_array_equal(data.values[:, 0], numbers)


def test_missing_values_are_kept_on_request(tmp_path: Path) -> None:
    data = read(tmp_path, "a,b,y\n1,,u\nNA,?,v\n", allow_nan=True)
    np.testing.assert_array_equal(data.values[:, 0], [1, np.nan, np.nan, np.nan])


def test_chosen_features_in_the_order_given(tmp_path: Path) -> None:
    data = read(tmp_path, "a,b,name,y\n1,2,x,0\n", kind="value", features="b,a")
    assert data.values[:, 0].tolist() == [2, 1]


def test_file_to_predict(tmp_path: Path) -> None:
    trained = read(tmp_path, "a,b,kind\n1,2,x\n")
    options = DataOptions().like(trained)
    path = tmp_path / "b.csv"
    for text, targets in (("a,b\n1,2\n", None), ("a,b,kind\n1,2,z\n", ["z"]), ("a,b,kind\n1,2,\n", None)):
        path.write_text(text)
        data = load(path, options, kind="label", labelled=False)
        assert data.values[:, 0].tolist() == [1, 2]
        assert targets == (None if data.targets is None else data.targets.tolist())


def test_delimiters_byte_order_mark_and_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for sep in (",", ";", "\t"):
        path.write_bytes(b"\xef\xbb\xbf" + f"a{sep}b{sep}y\r\n1{sep} 2{sep}u\r\n\r\n".encode())
        assert load(path, DataOptions(), kind="label").values[:, 0].tolist() == [1, 2]
    path.write_text("a b y\n1 2 u\n")
    assert load(path, DataOptions(sep="space"), kind="label").values[:, 0].tolist() == [1, 2]


def test_parquet_keeps_integer_labels_and_a_named_index(tmp_path: Path) -> None:
    table = pd.DataFrame({"t0": [1.5, 2.5], "label": [3, 4]}, index=pd.Index(["u", "v"], name="id"))
    table.to_parquet(tmp_path / "a.parquet")
    data = load(tmp_path / "a.parquet", DataOptions(), kind="label")
    assert data.targets is not None
    assert data.targets.dtype == np.int64
    assert data.targets.tolist() == [3, 4]
    assert data.ids is not None
    assert data.ids.tolist() == ["u", "v"]
