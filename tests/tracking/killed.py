"""A driver that can be killed: writes six trials of five epochs into its store with a tracker beside it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from recorded import Script

from lstm_automl.tracking import client as door
from lstm_automl.tracking.tracker import Tracker

TRIALS, EPOCHS = 6, 5


def score(trial: int, epoch: int) -> float:
    """What any run of this search finds."""
    return 0.1 * trial + 0.01 * epoch


def main(directory: Path, uri: str) -> None:
    """Begin or continue; the last trial waits until no file ``hold`` is beside it."""
    script = Script(directory)
    door.connect(uri)
    tracker = Tracker(directory, uri, "demo", poll=0.01)
    tracker.start()
    print("ready", flush=True)
    for trial in range(TRIALS):
        while trial == TRIALS - 1 and (directory.parent / "hold").exists():
            time.sleep(0.01)
        if trial not in script.store.trials:
            script.begin(trial)
        if script.store.jobs[trial].result is None:
            for epoch in range(EPOCHS):
                script.epoch(trial, epoch, score(trial, epoch))
                time.sleep(0.03)
            script.end(trial, score(trial, EPOCHS - 1))
    tracker.finish({})
    assert tracker.close(300)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
