"""Published files, where they are at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lstm_automl.data.load import load
from lstm_automl.data.options import DataOptions, Kind

DATA = Path(os.environ.get("LSTM_AUTOML_DATA") or Path(__file__).parents[3] / "shared" / "data")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the published data sets are not on this machine")

FILES: list[tuple[str, Kind, int, tuple[int, int], int]] = [
    ("classification/JapaneseVowels/JapaneseVowels_TRAIN.ts.gz", "label", 270, (7, 26), 12),
    ("classification/PLAID/PLAID_TEST.ts.gz", "label", 537, (134, 1000), 1),
    ("classification/BasicMotions/BasicMotions_TRAIN.ts.gz", "label", 40, (100, 100), 6),
    ("classification/ArrowHead/ArrowHead_TRAIN.ts", "label", 36, (251, 251), 1),
    ("classification/ACSF1/ACSF1_TEST.ts.gz", "label", 100, (1460, 1460), 1),
    ("regression/Covid3Month/Covid3Month_TRAIN.ts", "value", 140, (84, 84), 1),
    ("forecasting/etth1/ETTh1.csv.gz", "series", 1, (17420, 17420), 7),
    ("forecasting/airline/monthly-airline-passengers.csv", "series", 1, (144, 144), 1),
    ("forecasting/sunspots_monthly/monthly-sunspots.csv", "series", 1, (2820, 2820), 1),
    ("forecasting/daily_min_temperatures/daily-min-temperatures.csv", "series", 1, (3650, 3650), 1),
]


@pytest.mark.parametrize("case", FILES, ids=lambda case: Path(case[0]).name)
def test_sizes(case: tuple[str, Kind, int, tuple[int, int], int]) -> None:
    name, kind, count, (shortest, longest), channels = case
    data = load(DATA / name, DataOptions(), kind=kind)
    assert len(data) == count
    assert (data.lengths.min(), data.lengths.max()) == (shortest, longest)
    assert len(data.channels) == channels
    if kind == "series":
        assert data.times is not None
        assert (data.times[1:] > data.times[:-1]).all()
        assert data.target_channels == tuple(range(channels))
    else:
        assert data.targets is not None
        assert len(data.targets) == count
