"""``mlflow models serve`` over HTTP gives the predictor's numbers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_automl.models import bundle
from lstm_automl.tracking.registry import register

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(
    classified: Path, template: Path, tmp_path_factory: pytest.TempPathFactory, own_port: Callable[[], int]
) -> Iterator[str]:
    """The address of a served model, registered as a search registers it."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copyfile(template, folder / "mlflow.db")
    uri = f"sqlite:///{folder}/mlflow.db"
    model_uri = register(classified / "bundle", classified, uri, "demo").model_uri
    port = own_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", model_uri, "--env-manager", "local"]
    bin_first = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    root = str(Path(bundle.__file__).parents[2])
    environment = {**os.environ, "PATH": bin_first, "MLFLOW_TRACKING_URI": uri, "PYTHONPATH": root}
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)], env=environment, start_new_session=True
    )
    try:
        base = f"http://127.0.0.1:{port}"
        end = time.monotonic() + 600
        while time.monotonic() < end:
            assert process.poll() is None, "the server ended"
            try:
                urllib.request.urlopen(f"{base}/ping", timeout=30).close()
                break
            except OSError:
                time.sleep(0.3)
        yield base
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)


def _post(base: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    request = urllib.request.Request(
        f"{base}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=600) as answer:
        found: list[dict[str, Any]] = json.load(answer)["predictions"]
        return found


def _sequences(kind: str) -> list[list[list[float]]]:
    random = np.random.default_rng(3)
    lengths = {"equal lengths": [25] * 4, "ragged": [20, 40, 31], "one row": [33]}[kind]
    return [random.normal(size=(n, 3)).tolist() for n in lengths]


@pytest.mark.parametrize("kind", ["equal lengths", "ragged", "one row"])
@pytest.mark.parametrize("form", ["split", "records"])
def test_the_same_numbers(kind: str, form: str, served: str, classified: Path) -> None:
    import pandas as pd

    sequences = _sequences(kind)
    if form == "split":
        body: dict[str, Any] = {"dataframe_split": {"columns": ["sequence"], "data": [[s] for s in sequences]}}
    else:
        body = {"dataframe_records": [{"sequence": s} for s in sequences]}
    got = pd.DataFrame(_post(served, body))
    expected = bundle.load(classified / "bundle").predict_table(pd.DataFrame({"sequence": sequences}))
    assert list(got.columns) == list(expected.columns)
    assert list(got["prediction"]) == list(expected["prediction"])
    np.testing.assert_allclose(got.iloc[:, 1:].astype(float), expected.iloc[:, 1:].astype(float), rtol=0, atol=1e-6)
