"""The reader suite over every registered reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstm_automl import plugins
from lstm_automl.data.options import DataOptions
from lstm_automl.data.sequences import Sequences
from lstm_automl.testing.arrays import to_list
from lstm_automl.testing.reader import check_reader


def long_table(data: Sequences) -> pd.DataFrame:
    ids = np.repeat(np.arange(len(data)), data.lengths)
    columns = {"id": ids} | {name: data.values[:, i] for i, name in enumerate(data.channels)}
    if data.targets is not None:
        columns["label"] = data.targets[ids]
    return pd.DataFrame(columns)


def wide_table(data: Sequences) -> pd.DataFrame:
    table = pd.DataFrame(data.values.reshape(len(data), -1)).rename(columns=lambda i: f"t{i}")
    return table if data.targets is None else table.assign(label=data.targets)


def write_csv(path: Path, data: Sequences) -> None:
    long_table(data).to_csv(path, index=False)


def write_wide_csv(path: Path, data: Sequences) -> None:
    wide_table(data).to_csv(path, index=False)


def write_parquet(path: Path, data: Sequences) -> None:
    long_table(data).to_parquet(path)


def write_nested_parquet(path: Path, data: Sequences) -> None:
    table = pd.DataFrame({"sequence": [x.tolist() for x in to_list(data)]})
    (table if data.targets is None else table.assign(label=data.targets)).to_parquet(path)


def write_npz(path: Path, data: Sequences) -> None:
    targets = {} if data.targets is None else {"y": data.targets}
    np.savez(path, values=data.values, offsets=data.offsets, **targets)


def write_ts(path: Path, data: Sequences) -> None:
    numeric = data.targets is not None and data.targets.dtype.kind == "f"
    kind = "targetLabel" if numeric else "classLabel"
    lines = [f"@{kind} {'false' if data.targets is None else 'true'}", "@data"]
    for i, x in enumerate(to_list(data)):
        parts = [",".join("?" if np.isnan(v) else repr(v) for v in column) for column in x.T.tolist()]
        lines.append(":".join(parts if data.targets is None else [*parts, str(data.targets[i])]))
    path.write_text("\n".join(lines) + "\n")


CASES = {
    "csv": ("a.csv", write_csv, DataOptions(id="id"), True),
    "csv.gz": ("a.csv.gz", write_csv, DataOptions(id="id"), True),
    "csv wide": ("a.csv", write_wide_csv, DataOptions(), False),
    "parquet": ("a.parquet", write_parquet, DataOptions(id="id"), True),
    "parquet nested": ("a.parquet", write_nested_parquet, DataOptions(), True),
    "npz": ("a.npz", write_npz, DataOptions(), True),
    "ts": ("a.ts", write_ts, DataOptions(), True),
}


@pytest.mark.parametrize("case", CASES)
def test_reader(case: str, tmp_path: Path) -> None:
    name, write, options, ragged = CASES[case]
    reader = plugins.load("reader", case.split()[0].removesuffix(".gz"))
    check_reader(reader, write, tmp_path / name, options, ragged=ragged)


def test_every_registered_reader_has_a_case() -> None:
    assert {case.split()[0].removesuffix(".gz") for case in CASES} == set(plugins.names("reader"))
