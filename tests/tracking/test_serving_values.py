"""What MLflow's server makes of missing values and of covariates known ahead: the predictor's numbers."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from trained import finish

from lstm_automl.estimators.preparing import make_problem, task_of
from lstm_automl.models import bundle
from lstm_automl.tracking import served

HORIZON = 6


def _steps(missing: bool) -> list[list[float | None]]:
    """60 steps behind, and the covariate alone for those ahead."""
    steps: list[list[float | None]] = [[math.sin(i / 5), float(i % 7 == 0)] for i in range(60)]
    steps += [[None, float(i % 7 == 0)] for i in range(60, 60 + HORIZON)]
    if missing:
        steps[57][0] = None
    return steps


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search directory with a model for one series, gaps in it, and one covariate known ahead."""
    folder = tmp_path_factory.mktemp("known")
    random = np.random.default_rng(0)
    y = np.sin(np.arange(300) / 5) + random.normal(scale=0.1, size=300)
    y[40:42] = np.nan
    table = pd.DataFrame({"t": np.arange(300), "y": y, "promo": (np.arange(300) % 7 == 0).astype(float)})
    table.to_csv(folder / "series.csv", index=False)
    options = {"target": "y", "time": "t", "known": "promo", "horizon": HORIZON, "allow_nan": True}
    problem = make_problem(task_of("forecasting"), options, folder / "series.csv", folds=1)
    return finish(folder / "search", problem)


@pytest.mark.parametrize("missing", [False, True])
def test_the_server_gives_the_predictors_numbers(missing: bool, forecaster: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, at import
        from mlflow.pyfunc import load_model, scoring_server

    example = served.example_row(forecaster)
    saved = served.save(forecaster / "bundle", tmp_path / "model", example, "m-1", "r-1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own
        model = load_model(str(saved))
        request = {"dataframe_split": {"columns": ["sequence"], "data": [[_steps(missing)]]}}
        answer = scoring_server.invocations(
            json.dumps(request), scoring_server.CONTENT_TYPE_JSON, model, model.metadata.get_input_schema()
        )
    found: list[dict[str, Any]] = json.loads(answer.response)["predictions"]
    expected = bundle.load(forecaster / "bundle").predict_table(pd.DataFrame({"sequence": [_steps(missing)]}))
    assert answer.status == 200
    np.testing.assert_allclose(found[0]["prediction"], expected["prediction"][0], atol=1e-6)
    assert np.isfinite(found[0]["prediction"]).all()


def test_a_missing_value_changes_the_forecast(forecaster: Path) -> None:
    predictor = bundle.load(forecaster / "bundle")
    table = pd.DataFrame({"sequence": [_steps(False), _steps(True)]})
    whole, gap = predictor.predict_table(table)["prediction"]
    assert not np.allclose(whole, gap)
