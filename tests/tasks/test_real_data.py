"""Floors on archive data equal the figures that the archive publishes; skipped where the data is absent."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lstm_automl.data.sequences import Parts
from lstm_automl.tasks.classification import Classification, ClassificationOptions

DATA = Path(os.environ.get("LSTM_AUTOML_DATA") or Path(__file__).parents[3] / "shared" / "data") / "classification"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no archive data: set LSTM_AUTOML_DATA")

TASK, OPTIONS = Classification(), ClassificationOptions()


def _parts(name: str) -> Parts:
    train, test = (next((DATA / name).glob(f"{name}_{part}.ts*")) for part in ("TRAIN", "TEST"))
    return Parts(TASK.read(train, OPTIONS), None, TASK.read(test, OPTIONS))


@pytest.mark.parametrize(("name", "error"), [("ItalyPowerDemand", 0.0447), ("ArrowHead", 0.2), ("OSULeaf", 0.4793)])
def test_nearest_neighbour_has_the_archive_s_error(name: str, error: float) -> None:
    prepared = TASK.prepare(_parts(name), OPTIONS)
    floor = TASK.baselines(prepared, OPTIONS)["nearest_neighbour"]["test"]["accuracy"]
    assert 1 - floor == pytest.approx(error, abs=5e-4)


def test_ragged_multivariate_files() -> None:
    prepared = TASK.prepare(_parts("JapaneseVowels"), OPTIONS)
    assert prepared.frame.features == 12
    assert len(np.unique(prepared.frame.lengths)) > 10
    assert len(prepared.split.test) == 370
    assert TASK.baselines(prepared, OPTIONS)["logistic"]["test"]["accuracy"] > 0.97
