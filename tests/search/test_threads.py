"""One thread a worker, in fact: counted in a process that multiplies matrices, not read from its settings."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.executors.devices import Mode
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.testing.executor import rung

VARIABLES = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def count_threads(spec: RungSpec, on_epoch: Any) -> RungResult:
    """A runner that says how many threads TensorFlow computes with here, and how many it was told to."""
    import tensorflow as tf

    large = tf.ones((400, 400))
    tf.function(lambda x: tf.add_n([x @ x, x @ (x + 1), x @ (x + 2)]))(large).numpy()
    names = [(Path("/proc/self/task") / task / "comm").read_text().strip() for task in os.listdir("/proc/self/task")]
    threading = tf.config.threading
    found = {
        "computing": names.count("tf_Compute"),
        "set": [threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()],
        "told": [os.environ.get(name) for name in VARIABLES],
    }
    return RungResult(spec.job, spec.trial, "completed", score=0.0, error=json.dumps(found))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc, which only Linux has")
@pytest.mark.parametrize("mode", ["fork", "spawn"])
def test_a_worker_computes_with_one_thread(mode: Mode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "3")  # what a user's shell says is for other programs
    with closing(LocalExecutor(1, directory=tmp_path, runner=f"{__name__}:count_threads", mode=mode)) as executor:
        result = executor.submit(rung(tmp_path, 0), lambda epoch: None).result(300)
    found = json.loads(result.error or "")
    assert found["told"] == ["1"] * 3
    assert set(found["set"]) <= {0, 1}  # 0: as the environment says
    assert found["computing"] == 1
