"""What TensorFlow says when it is imported stays off the terminal; errors do not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lstm_automl.cli import quiet

ROOT = Path(__file__).parents[2]


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A process with a ``tensorflow`` that does as ``tensorflow.py`` in the folder says."""
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=folder, capture_output=True, text=True, timeout=600
    )


NATIVE = 'import os, sys\nsay = lambda text: os.write(2, (text + "\\n").encode())\n'


def test_native_chatter_is_dropped_and_errors_are_passed_on(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text(
        NATIVE
        + 'say("WARNING: All log messages before absl::InitializeLog() is called are written to STDERR")\n'
        + 'say("I0000 00:00:1795366348.771999   31678 port.cc:153] oneDNN custom operations are on.")\n'
        + 'say("E0000 00:00:1795366348.771999   31678 x.cc:1] something is broken")\n'
        + 'print("of python", file=sys.stderr)\n'
        + "kept = sys.stderr\n"
    )
    done = python(
        "from lstm_automl.cli import quiet; quiet.install()\n"
        "import os, sys, tensorflow\n"
        "os.write(2, b'I0000 00:00:1 later\\n')\n"
        "print('a handler made meanwhile', file=tensorflow.kept)\n"
        "print('after', file=sys.stderr)\n"
        "assert type(tensorflow.__spec__.loader).__module__ != 'lstm_automl.cli.quiet'\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "of python",
        "E0000 00:00:1795366348.771999   31678 x.cc:1] something is broken",
        "I0000 00:00:1 later",  # only the import is silenced
        "a handler made meanwhile",
        "after",
    ]


def test_an_import_that_fails_is_told(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text(NATIVE + 'say("libfoo.so: no such file")\nraise ImportError("no libfoo")\n')
    done = python("from lstm_automl.cli import quiet; quiet.install(); import tensorflow", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("libfoo.so: no such file\n")
    assert done.stderr.endswith("ImportError: no libfoo\n")


def test_without_tensorflow_it_is_simply_not_there() -> None:
    finder = quiet.QuietImport()
    assert finder.find_spec("tensorflow.python", None) is None
    assert finder.find_spec("numpy", None) is None


@pytest.mark.parametrize("name", list(quiet.ENVIRONMENT))
def test_what_the_user_has_set_stays(name: str, tmp_path: Path) -> None:
    done = python(
        f"import os; os.environ[{name!r}] = 'mine'\n"
        "from lstm_automl.cli import quiet; quiet.install()\n"
        f"assert os.environ[{name!r}] == 'mine'",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
