"""Reading nothing must import nothing heavy."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"pandas", "pyarrow", "sklearn", "scipy", "tensorflow", "keras", "mlflow"}


def test_nothing_heavy_at_the_top() -> None:
    code = (
        "import sys, pkgutil, importlib, lstm_automl.data as room\n"
        "for m in pkgutil.walk_packages(room.__path__, 'lstm_automl.data.'): importlib.import_module(m.name)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & set(loaded)
