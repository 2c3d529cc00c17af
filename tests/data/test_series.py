"""Series to be forecast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstm_automl.data.load import load
from lstm_automl.data.options import DataOptions
from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError


def read(folder: Path, text: str, **options: object) -> Sequences:
    path = folder / "a.csv"
    path.write_text(text)
    return load(path, DataOptions(**options), kind="series")  # type: ignore[arg-type]


def test_first_column_of_dates_is_the_time(tmp_path: Path) -> None:
    data = read(tmp_path, '"Month","Passengers"\n"1949-02",118\n"1949-01",112\n')
    assert data.channels == ("Passengers",)
    assert data.target_channels == (0,)
    assert data.values[:, 0].tolist() == [112, 118]
    assert str(data.times[0])[:7] == "1949-01"  # type: ignore[index]
    assert data.ids is None


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["20240131", "20240201"], "2024-01-31T00"),
        (["01/31/2024 12:30 AM", "01/31/2024 01:30 PM"], "2024-01-31T00"),
        (["13.01.2024 9:05:00 pm", "14.01.2024 9:05:00 am"], "2024-01-13T21"),
    ],
)
def test_ways_to_write_a_date(cells: list[str], expected: str, tmp_path: Path) -> None:
    data = read(tmp_path, f"day,y\n{cells[0]},1\n{cells[1]},2\n")
    assert data.channels == ("y",)
    assert np.issubdtype(data.times.dtype, np.datetime64)  # type: ignore[union-attr]
    assert str(data.times[0])[:13] == expected  # type: ignore[index]
    assert not data.times_in_utc


def test_whole_numbers_that_are_not_all_days_are_numbers(tmp_path: Path) -> None:
    assert read(tmp_path, "n,y\n20240131,1\n20240132,2\n").channels == ("n", "y")


@pytest.mark.parametrize("dtype", ["int8", "uint8", "UInt8", "uint16", "uint64"])
def test_whole_numbers_of_any_width_are_numbers(dtype: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": pd.array([100, 101, 99], dtype=dtype), "y": [1.0, 2.0, 3.0]})
    frame.to_parquet(tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet", DataOptions(), kind="series").channels == ("n", "y")
    timed = load(tmp_path / "a.parquet", DataOptions(time="n"), kind="series")
    assert timed.times is not None
    assert timed.times.tolist() == [99, 100, 101]


@pytest.mark.parametrize("dtype", ["uint32", "uint64", "UInt32"])
def test_unsigned_days_are_days_and_larger_numbers_are_not(dtype: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": pd.array([20240131, 20240201], dtype=dtype), "y": [1.0, 2.0]})
    frame.to_parquet(tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet", DataOptions(), kind="series").channels == ("y",)
    frame["n"] = np.array([2**64 - 1, 20240131], np.uint64)
    frame.to_parquet(tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet", DataOptions(), kind="series").channels == ("n", "y")


def test_numbers_like_days_that_repeat_within_a_series_are_numbers(tmp_path: Path) -> None:
    text = "batch,shop,y\n20240115,a,1\n20240115,{},2\n"
    assert read(tmp_path, text.format("a"), id="shop").channels == ("batch", "y")
    assert read(tmp_path, text.format("b"), id="shop").channels == ("y",)
    assert read(tmp_path, text.replace("shop,", "").replace("a,", "").replace("{},", "")).channels == ("batch", "y")
    with pytest.raises(DataError, match=r"time 2024-01-15 of id 'a' is already at"):
        read(tmp_path, text.format("a"), id="shop", time="batch")


def test_dates_in_an_index_that_was_saved_twice_are_the_time(tmp_path: Path) -> None:
    data = read(tmp_path, "Unnamed: 0,y\n2024-01-02,1\n2024-01-01,2\n")
    assert data.channels == ("y",)
    assert data.values[:, 0].tolist() == [2, 1]


def test_columns_may_be_called_by_numbers(tmp_path: Path) -> None:
    assert read(tmp_path, "773869,767541,767542\n64,67,65\n62,61,66\n").channels == ("773869", "767541", "767542")
    text = "2021,2019,2020\n2018,2500,1900\n"
    for options in ({"target": "2019"}, {"features": "2021,2019,2020"}, {"known": "2020"}):
        assert len(read(tmp_path, text, **options).channels) == 3
    with pytest.raises(DataError, match="if these are names, say --target or --features"):
        read(tmp_path, text)


def test_times_with_offsets_are_in_utc_and_said_to_be(tmp_path: Path) -> None:
    """Two o'clock in the morning, twice: the clock is set back between them."""
    data = read(tmp_path, "date,y\n2024-10-27 02:00:00+02:00,1\n2024-10-27 02:00:00+01:00,2\n")
    assert [str(time)[:13] for time in data.times] == ["2024-10-27T00", "2024-10-27T01"]  # type: ignore[union-attr]
    assert data.times_in_utc
    hours = pd.date_range("2024-10-27", periods=3, freq="h", tz="Europe/Berlin")
    pd.DataFrame({"date": hours, "y": [1.0, 2.0, 3.0]}).to_parquet(tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet", DataOptions(), kind="series").times_in_utc


def test_one_column_without_time(tmp_path: Path) -> None:
    data = read(tmp_path, "x\n3\n1\n2\n")
    assert data.values[:, 0].tolist() == [3, 1, 2]
    assert data.times is None


def test_every_number_is_a_target_unless_named(tmp_path: Path) -> None:
    text = "date,a,b,c\n2020-01-01,1,2,3\n"
    assert read(tmp_path, text).target_channels == (0, 1, 2)
    data = read(tmp_path, text, target="c,a")
    assert data.channels == ("a", "b", "c")
    assert data.target_channels == (2, 0)
    data = read(tmp_path, text, known="b")
    assert (data.target_channels, data.known_channels) == ((0, 2), (1,))
    data = read(tmp_path, text, target="a", features="c")
    assert (data.channels, data.target_channels) == (("c", "a"), (1,))


def test_many_series(tmp_path: Path) -> None:
    data = read(tmp_path, "shop,date,x\nb,2020-01-01,1\na,2020-01-01,2\nb,2020-01-02,3\n", id="shop")
    assert data.ids is not None
    assert data.ids.tolist() == ["b", "a"]
    assert data.values[:, 0].tolist() == [1, 3, 2]


def test_future_rows(tmp_path: Path) -> None:
    text = "id,t,x,o,p,day\n1,1,5,8,0,mo\n1,2,6,8,1,tu\n1,3,,,0,we\n2,1,7,8,1,mo\n2,2,8,8,1,tu\n"
    data = read(tmp_path, text, id="id", time="t", target="x", known="p,day", categorical="day")
    assert data.known_channels == (2,)
    assert data.known_categories == ("day",)
    np.testing.assert_array_equal(data.values[:, 0], [5, 6, np.nan, 7, 8])
    np.testing.assert_array_equal(data.values[:, 2], [0, 1, 0, 1, 1])
    assert data.categories["day"].tolist() == ["mo", "tu", "we", "mo", "tu"]


def test_another_file_is_read_alike(tmp_path: Path) -> None:
    trained = read(tmp_path, "date,a,b,p\n2020-01-01,1,2,3\n", known="p")
    options = DataOptions(known="p").like(trained)
    path = tmp_path / "b.csv"
    path.write_text("extra,p,b,a,date\n9,3,2,1,2020-01-01\n")
    data = load(path, options, kind="series", labelled=False)
    assert data.channels == trained.channels
    assert data.target_channels == trained.target_channels
    assert data.known_channels == trained.known_channels
    np.testing.assert_array_equal(data.values, trained.values)


def test_series_of_an_archive(tmp_path: Path) -> None:
    for X, n in ((np.arange(4.0), 1), (np.arange(8.0).reshape(4, 2), 1), (np.arange(16.0).reshape(2, 4, 2), 2)):
        np.savez(tmp_path / "a.npz", X=X)
        data = load(tmp_path / "a.npz", DataOptions(), kind="series")
        assert len(data) == n
        assert data.target_channels == tuple(range(data.values.shape[1]))
    np.savez(tmp_path / "a.npz", X=X, channels=["load", "holiday"])
    data = load(tmp_path / "a.npz", DataOptions(known="holiday"), kind="series")
    assert (data.target_channels, data.known_channels) == ((0,), (1,))
