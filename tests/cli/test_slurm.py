"""The SLURM script of docs/cluster.md, run from its first line to its last by a SLURM of one machine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clusters import HERE, environment, until

pytest.importorskip("distributed", reason="needs the extra dask")

SCRIPT = next(
    text for text in re.findall(r"```bash\n(.*?)```", (HERE.parent / "docs" / "cluster.md").read_text(), re.DOTALL)
    if "#SBATCH" in text
)  # fmt: skip

LIMITS = (
    "--max-trials", "3", "--max-epochs", "2", "--concurrency", "4", "--cv", "1", "--ensemble", "1", "--no-register",
    "--set", "num_layers=1", "--set", "front_end=none", "--set", "batch_size=32", "--set", "cell=lstm", "--json",
)  # fmt: skip
PROGRAMS = {
    "srun": 'echo "$@" >> srun.log; for task in 1 2; do "$@" & done; wait',
    "dask": '[ "$1" = worker ] || set -- "$@" --port 0; exec {python} -m distributed.cli.dask_$1 "${{@:2}}" {host}',
    "python": 'exec {python} "$@"',
    "lstm-automl": 'exec {python} {program} "$@" {limits}',
}
"""What a node has on its path: two tasks a job, loopback alone, and limits that make a search take seconds."""


@pytest.fixture
def known(tmp_path: Path) -> dict[str, str]:
    """The environment of a job's first node."""
    programs = tmp_path / "bin"
    programs.mkdir()
    words = {"python": sys.executable, "host": "--host 127.0.0.1", "limits": " ".join(LIMITS)}
    words["program"] = str(Path(__file__).with_name("held_cli.py"))
    for name, text in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/bash\n{text.format(**words)}\n")
        (programs / name).chmod(0o755)
    return environment(PATH=f"{programs}{os.pathsep}{os.environ['PATH']}", TMPDIR=str(tmp_path))


@contextmanager
def job(folder: Path, number: int, known: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """``sbatch``: the script as it stands on the page; what it has left running is ended with it."""
    (folder / "job.sh").write_text(SCRIPT)
    out, err = folder / f"slurm-{number}.out", folder / f"slurm-{number}.err"
    with out.open("w") as said, err.open("w") as log:
        process = subprocess.Popen(
            ["bash", "job.sh"], cwd=folder, env={**known, "SLURM_JOB_ID": str(number)},
            stdout=said, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def made_up(folder: Path) -> None:
    """The table that the script searches: three classes that differ in their frequency."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    label = np.arange(90) % 3
    values = np.sin(np.arange(16) * (label[:, None] + 1) / 2) + 0.3 * rng.normal(size=(90, 16))
    rows = [",".join([*(f"{v:.3f}" for v in row), "abc"[k]]) for row, k in zip(values, label, strict=True)]
    header = ",".join([*(f"t{i}" for i in range(16)), "label"])
    (folder / "train.csv").write_text("\n".join([header, *rows, ""]))


def table(folder: Path, known: dict[str, str]) -> Any:
    """Of the search."""
    done = subprocess.run(
        [sys.executable, "-m", "lstm_automl", "runs", "show", "big", "--json"],
        cwd=folder,
        env=known,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_job_that_is_cut_off_and_submitted_again(known: dict[str, str], tmp_path: Path) -> None:
    """The time limit's signal reaches the search; the next job goes on, to what one machine finds."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        made_up(folder)
    (there / "hold").write_text("1")  # trial
    with job(there, 1, known) as process:
        until(lambda: process.poll() is not None or list(there.rglob("jobs/**/result.json")), "a result", 1800)
        process.terminate()  # --signal=B:TERM@60
        assert process.wait(600) == 143, (there / "slurm-1.err").read_text()
    (there / "hold").unlink()
    with job(there, 2, known) as process:
        assert process.wait(1800) == 0, (there / "slurm-2.err").read_text()
    assert json.loads((there / "slurm-2.out").read_text().splitlines()[-1])["trials"] == 3
    asked = json.loads((there / "searches" / "big" / "request.json").read_text())["settings"]
    assert asked["executor"] == "dask"
    assert [line.split()[:2] for line in (there / "srun.log").read_text().splitlines()] == [["dask", "worker"]] * 2

    alone = ["search", "classification", "--data", "train.csv", "--target", "label", "--name", "big", "--workers", "2"]
    subprocess.run(
        [sys.executable, "-m", "lstm_automl", *alone, *LIMITS], cwd=here, env=known, check=True, capture_output=True
    )
    assert table(there, known) == table(here, known)
