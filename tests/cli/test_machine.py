"""What is said of the machine, or the cluster, that a search would run on."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from lstm_automl.cli.main import cli
from lstm_automl.search.executors import devices


def dry_run(*more: str) -> str:
    done = CliRunner().invoke(cli, ["search", "regression", "--data", "demo", "--dry-run", *more])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_dry_run_on_a_cluster_does_not_count_this_machines_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ("--executor", "dask", "--address", "tcp://127.0.0.1:1")

    def time_of(said: str) -> str:
        return next(line for line in said.splitlines() if line.startswith("estimated time"))

    monkeypatch.setattr(devices, "slots", lambda: 1)
    here, alone = dry_run(*cluster), dry_run()
    monkeypatch.setattr(devices, "slots", lambda: 8)
    assert ", the cluster's workers\n" in here
    assert dry_run(*cluster) == here
    assert time_of(here) == time_of(dry_run()) != time_of(alone)
    assert ", 3 of the cluster's workers\n" in dry_run(*cluster, "--workers", "3")


@pytest.mark.parametrize(
    ("cudnn", "said"),
    [("libcudnn.so.9", "gpu 2, one worker each\n"), (None, "gpu none that TensorFlow can use: 2 there without cuDNN")],
)
def test_doctor_says_of_gpus_what_a_search_will_use(
    cudnn: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(devices.VISIBLE, "0,1")
    monkeypatch.setattr(devices, "find_library", lambda name: cudnn)
    monkeypatch.setattr(devices, "_wheel", lambda: False)
    assert said in CliRunner().invoke(cli, ["doctor"]).output
    monkeypatch.setenv(devices.VISIBLE, "")
    assert "gpu none\n" in CliRunner().invoke(cli, ["doctor"]).output
