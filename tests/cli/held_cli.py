"""``lstm-automl`` whose searches wait after as many trials as a file ``hold`` says: until it is gone, or a signal."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from lstm_automl.__main__ import main
from lstm_automl.cli import progress, signals
from lstm_automl.search.contracts import TrialRow

HOLD = Path("hold")


class Held(progress.PlainProgress):
    """Plain progress that holds its driver up; only workers go on."""

    _seen = 0

    def on_trial(self, row: TrialRow) -> None:
        """Tell it first."""
        super().on_trial(row)
        self._seen += 1
        while HOLD.exists() and self._seen >= int(HOLD.read_text()) and not signals.exit_code():
            time.sleep(0.01)


if __name__ == "__main__":
    progress.PlainProgress = Held  # type: ignore[misc]
    sys.path.pop(0)  # this folder: as with ``python -m lstm_automl``
    main()
