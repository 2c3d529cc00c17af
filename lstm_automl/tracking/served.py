"""A bundle as MLflow stores and serves it: facts, input example, signature, requirements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_automl.tracking.client import pyfunc

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Schema

LOADER = "lstm_automl.tracking.pyfunc"
FOLDER = "bundle"
"""Name of the bundle inside a stored model: ``data/bundle``."""
_LONGEST = 500
_NEEDS = ("lstm_automl", "tensorflow", "keras", "numpy", "pandas", "pydantic", "scikit-learn")


@dataclass(frozen=True)
class Facts:
    """What is known of a bundle without loading it.

    Args:
        digest: Of all its files: the same model, the same digest.
        metrics: Scores on the test part; empty without one.
        metric, direction: The objective.
    """

    digest: str
    task: str
    data_digest: str
    metrics: Mapping[str, float]
    metric: str
    direction: str

    def describe(self) -> str:
        """One line for the registry's page."""
        scores = ", ".join(f"{key} {value:.4g}" for key, value in sorted(self.metrics.items()))
        return f"{self.task}; test part: {scores}" if scores else f"{self.task}; no test part"


def facts(bundle: Path, meta: Mapping[str, Any]) -> Facts:
    """Facts of a bundle of the search ``meta``.

    Raises:
        StateError: the bundle is damaged.
    """
    import hashlib

    from lstm_automl.models.bundle import read_info
    from lstm_automl.models.sealed import HASHES

    info = read_info(bundle)
    return Facts(
        digest=hashlib.sha256((bundle / HASHES).read_bytes()).hexdigest(),
        task=str(info["task"]),
        data_digest=str(info["data_digest"]),
        metrics={key: float(value) for key, value in info["metrics"].items()},
        metric=str(meta["metric"]),
        direction=str(meta["direction"]),
    )


def save(bundle: Path, folder: Path, example: pd.DataFrame, model_id: str, run_id: str) -> Path:
    """Write the pyfunc model of a bundle: code is named, not pickled.

    Args:
        bundle: The model.
        folder: New folder.
        example: One row, as :func:`example_row` makes it.
        model_id, run_id: Of MLflow.
    """
    import shutil
    import warnings

    mlflow_pyfunc = pyfunc()
    from mlflow.models import Model

    from lstm_automl.models.bundle import load

    named = folder.parent / FOLDER
    shutil.copytree(bundle, named)
    output = load(named).predict_table(example)
    with warnings.catch_warnings():
        # MLflow's own, about how it reads tables
        warnings.simplefilter("ignore")
        mlflow_pyfunc.save_model(
            path=str(folder),
            loader_module=LOADER,
            data_path=str(named),
            pip_requirements=requirements(),
            signature=signature(example, output),
            input_example=example,
            mlflow_model=Model(run_id=run_id, model_id=model_id),
        )
    return folder


def requirements() -> list[str]:
    """What serving needs, at the versions in use; found by us, as MLflow takes 12 s to guess them."""
    found = {}
    for distribution in (*_NEEDS, "tensorflow-cpu"):
        try:
            found[distribution] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue  # a bare checkout, or TensorFlow under another name
    return [f"{name}=={version}" for name, version in found.items()]


def example_row(directory: Path) -> pd.DataFrame:
    """The first example of a search's data as a table of one row, as it is served."""
    import pandas as pd

    from lstm_automl.data.frame import Frame

    frame = Frame.load(directory / "data")
    info, low, end = frame.info, int(frame.examples["low"][0]), int(frame.examples["end"][0])
    if info.get("target_channels"):
        # forecasting: its first origin has few rows behind it
        here = np.flatnonzero(frame.examples["sequence"] == frame.examples["sequence"][0])
        end = int(frame.examples["end"][here[min(_LONGEST, len(here) - 1)]])
    low = max(low, end - _LONGEST)
    ahead = int(info["horizon"]) if info.get("known_channels") else 0
    width = len(info["channels"])
    x = np.array(frame.fields["x"].values[low : end + ahead, :width], dtype=np.float64)
    if ahead:
        unknown = [c for c in range(width) if c not in info["known_channels"]]
        x[-ahead:, unknown] = np.nan
    row: dict[str, Any] = {"sequence": [[None if np.isnan(v) else v for v in step] for step in x.tolist()]}
    if "static" in frame.fields:
        static = frame.fields["static"].values[int(frame.examples["sequence"][0])]
        row.update(zip(info["static_names"], map(float, static), strict=False))
    for name, categories in info.get("vocabulary", {}).items():
        first = categories[0] if categories else ""
        row[name] = [first] * len(x) if name in info.get("step_categories", ()) else first
    return pd.DataFrame([row])


def signature(example: pd.DataFrame, output: pd.DataFrame) -> ModelSignature:
    """Columns and types in and out; sequences are ``array(array(double))``, so that lengths may differ."""
    from mlflow.models import ModelSignature

    return ModelSignature(inputs=_schema(example), outputs=_schema(output))


def _schema(table: pd.DataFrame) -> Schema:
    from mlflow.types.schema import ColSpec, Schema

    return Schema([ColSpec(_type(table[name].iloc[0]), str(name)) for name in table.columns])


def _type(cell: Any) -> Any:
    from mlflow.types.schema import Array, DataType

    if isinstance(cell, list | np.ndarray):
        items = list(cell)
        found = next((item for item in items if item is not None), 0.0)
        return Array(_type(found))
    if isinstance(cell, bool | np.bool_):
        return DataType.boolean
    if isinstance(cell, int | np.integer):
        return DataType.long
    return DataType.string if isinstance(cell, str) else DataType.double


def bundle_in(model: Path) -> Path | None:
    """The bundle inside a stored model, without loading the model: nobody's code runs."""
    found = model / "data" / FOLDER
    return found if found.is_dir() and not found.is_symlink() else None


def read_json(text: str | None) -> dict[str, Any]:
    """A JSON object, empty for anything else."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
