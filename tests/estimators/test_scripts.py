"""``fit`` with a search wherever Python runs: notebook, ``-c``, standard input, a thread, beside a used TensorFlow.

A plain script without a guard is tested in ``test_searching.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Each line stands alone at the top level: what an interpreter reads line by line, and a notebook cell by cell.
DATA = (
    "import numpy as np, lstm_automl",
    "X = np.random.default_rng(0).normal(size=(24, 4, 1))",
    "y = np.arange(24) % 2",
    "limits = dict(max_trials=1, max_epochs=1, workers=1, cv=1, seeds=1, finalists=1, ensemble=1, scheduler='none')",
    "held = dict(units=2, cell='gru', front_end='none', num_layers=1, augment='none')",
    "made = lstm_automl.LSTMClassifier(**held, search=lstm_automl.Search(**limits))",
)


def run(folder: Path, *arguments: str, text: str | None = None) -> str:
    """What Python prints in an empty folder, which stays empty."""
    here, temporary = folder / "here", folder / "tmp"
    here.mkdir()
    temporary.mkdir()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    done = subprocess.run(
        [sys.executable, *arguments], input=text, cwd=here, env=env, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Traceback" not in done.stderr, done.stderr[-4000:]
    assert list(here.iterdir()) == []
    assert list(temporary.iterdir()) == []
    return done.stdout


@pytest.mark.slow
def test_typed_into_an_interpreter(tmp_path: Path) -> None:
    lines = (
        *DATA,
        "lstm_automl.warm_up()",
        "_ = made.fit(X, y)",
        "print(made.predict(X).shape, made.best_params_['units'])",
    )
    assert run(tmp_path, "-i", "-q", text="\n".join(lines) + "\n") == "(24,) 2\n"


THREAD = """
    import tensorflow as tf
    assert float(tf.reduce_sum(tf.ones((3, 3)) @ tf.ones((3, 3)))) == 27
    import threading, signal
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=made.fit, args=(X, y))
    thread.start()
    thread.join()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    print(made.predict(X).shape)
"""


@pytest.mark.slow
def test_a_thread_of_a_command_that_has_used_tensorflow(tmp_path: Path) -> None:
    code = "\n".join(DATA) + textwrap.dedent(THREAD)
    assert run(tmp_path, "-c", code) == "(24,)\n"


@pytest.mark.slow
def test_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cells = ["\n".join(DATA), "made.fit(X, y)", "print(made.predict(X).shape, len(made.trials_))"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(book, timeout=1800, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert book.cells[2].outputs[0].text == "(24,) 1\n"
    assert list(tmp_path.iterdir()) == []
