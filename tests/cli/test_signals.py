"""The first signal stops in order; the second, or too long a wait, at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys, time
from lstm_automl.cli import signals
signals.PATIENCE = {patience}
def stop():
    {stop}
with signals.stop_on_signal(stop, "said"):
    try:
        print("ready", flush=True)
        for _ in range(600):
            time.sleep(0.1)
    except KeyboardInterrupt:
        pass
sys.exit(signals.exit_code())
"""


def signalled(stop: str, patience: float, *numbers: signal.Signals) -> tuple[int, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(stop=stop, patience=patience)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "ready\n"
    said = ""
    for number in numbers:
        process.send_signal(number)
        if not said:
            said = process.stderr.readline() + process.stderr.readline()  # the first has been handled
    _, rest = process.communicate(timeout=300)
    return process.returncode, said + rest


FIRST = "\nstopping, a moment (once more stops at once)\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_orderly_stop(number: signal.Signals, code: int) -> None:
    assert signalled("raise KeyboardInterrupt", 60, number) == (code, FIRST)


def test_a_stop_without_effect_ends_all_the_same() -> None:
    assert signalled("pass", 0.2, signal.SIGTERM) == (143, f"{FIRST}said\n")


def test_the_second_signal_does_not_wait() -> None:
    assert signalled("pass", 60, signal.SIGINT, signal.SIGTERM) == (143, FIRST)
