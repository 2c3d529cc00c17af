"""Long tables: a row a time step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lstm_automl.data.load import load
from lstm_automl.data.options import DataOptions, Kind
from lstm_automl.data.sequences import Sequences


def read(folder: Path, text: str, kind: Kind = "label", labelled: bool = True, **options: object) -> Sequences:
    path = folder / "a.csv"
    path.write_text(text)
    return load(path, DataOptions(**options), kind=kind, labelled=labelled)  # type: ignore[arg-type]


def test_rows_of_one_id_in_order_of_appearance_and_time(tmp_path: Path) -> None:
    text = "id,time,x,z,label\nb,2,12,0,u\na,1,21,0,v\nb,1,11,0,u\na,3,23,1,v\na,2,22,0,v\n"
    data = read(tmp_path, text)
    assert data.ids is not None
    assert data.ids.tolist() == ["b", "a"]
    assert data.values.tolist() == [[11, 0], [12, 0], [21, 0], [22, 0], [23, 1]]
    assert data.offsets.tolist() == [0, 2, 5]
    assert data.times is not None
    assert data.times.tolist() == [1, 2, 1, 2, 3]
    assert data.targets is not None
    assert data.targets.tolist() == ["u", "v"]
    assert data.read_as == {
        "table": "long", "id": "id", "time": "time", "target": ("label",), "features": ("x", "z"),
    }  # fmt: skip


def test_without_time_the_file_order_counts(tmp_path: Path) -> None:
    data = read(tmp_path, "n,x,label\n1,5,u\n2,9,v\n1,4,u\n", id="n")
    assert data.values[:, 0].tolist() == [5, 4, 9]


@pytest.mark.parametrize(
    "dates", [("2020-01-31", "2020-02-01"), ("31.01.2020", "01.02.2020"), ("1/31/2020 10:00", "2/1/2020 09:00")]
)
def test_dates_in_order(dates: tuple[str, str], tmp_path: Path) -> None:
    data = read(tmp_path, f"id,date,x,label\n1,{dates[1]},2,u\n1,{dates[0]},1,u\n")
    assert data.values[:, 0].tolist() == [1, 2]
    assert data.times is not None
    assert data.times.dtype == "datetime64[ns]"
    assert str(data.times[0])[:10] == "2020-01-31"


def test_offsets_of_time_zones_are_honoured(tmp_path: Path) -> None:
    data = read(tmp_path, "id,time,x,y\n1,2020-01-01T12:00+02:00,1,u\n1,2020-01-01T11:00+00:00,2,u\n")
    assert data.values[:, 0].tolist() == [1, 2]
    assert str(data.times[0]) == "2020-01-01T10:00:00.000000000"  # type: ignore[index]


def test_a_target_of_each_row(tmp_path: Path) -> None:
    data = read(tmp_path, "id,time,x,life\n1,2,0,4\n1,1,0,5\n2,1,0,9\n", "value", target="life")
    assert data.target_per_row
    assert data.targets is not None
    assert data.targets.tolist() == [5, 4, 9]


def test_a_target_of_each_sequence(tmp_path: Path) -> None:
    for column in (["4", "4", "9"], ["", "4", "9"]):
        rows = "".join(f"{i},{x}\n" for i, x in zip((1, 1, 2), column, strict=True))
        data = read(tmp_path, "id,life,x\n" + rows.replace("\n", ",0\n"), "value", target="life")
        assert not data.target_per_row
        assert data.targets is not None
        assert data.targets.tolist() == [4, 9]


def test_static_categorical_group_and_weight(tmp_path: Path) -> None:
    text = "id,x,mode,age,town,who,w,label\n1,1,on,30,Rome,p,2,u\n1,2,off,30,Rome,p,2,u\n2,3,on,40,Oslo,q,1,v\n"
    options = {"static": "age,town", "categorical": "town,mode", "group": "who", "weight": "w"}
    data = read(tmp_path, text, **options)
    assert data.channels == ("x",)
    assert data.static is not None
    assert data.static.tolist() == [[30], [40]]
    assert data.categories["town"].tolist() == ["Rome", "Oslo"]
    assert data.categories["mode"].tolist() == ["on", "off", "on"]
    assert data.static_categories == ("town",)
    assert data.groups is not None
    assert data.groups.tolist() == ["p", "q"]
    assert data.weights is not None
    assert data.weights.tolist() == [2, 1]


def test_file_to_predict_is_read_like_the_training_file(tmp_path: Path) -> None:
    trained = read(tmp_path, "id,x,z,kind\n1,1,2,u\n1,3,4,u\n", target="kind")
    path = tmp_path / "b.csv"
    path.write_text("note,z,id,x\n7,2,5,1\n")
    data = load(path, DataOptions().like(trained), kind="label", labelled=False)
    np.testing.assert_array_equal(data.values, [[1.0, 2.0]])
    assert data.channels == trained.channels
    assert data.targets is None
