"""Do sequences end where they begin? What the rule for circular shifts sees in training files; nothing is trained.

    python benchmarks/seams.py

Printed for each set of equal lengths: the change from the last step to the first as a multiple of the usual change from
step to step, the mean over channels and the largest channel's, and whether the space keeps circular shifts.
"""

from __future__ import annotations

import numpy as np
from quality import DATA, SETS


def main() -> None:
    """A line a set."""
    from lstm_automl.estimators.preparing import make_problem, task_of
    from lstm_automl.spaces.loader import load
    from lstm_automl.tasks.adapting import adapt

    space = load("classification", task="classification")
    for name in ["digits", *(name for name, s in SETS.items() if s.task == "classification")]:
        source = name if name == "digits" else next((DATA / "classification" / name).glob(f"{name}_TRAIN.ts*"))
        prepared = make_problem(task_of("classification"), {}, source, folds=1).prepared
        frame = prepared.frame
        if len(set(frame.lengths)) > 1:
            print(f"{name:18} ragged")
            continue
        x = frame.fields["x"].values.reshape(len(frame), -1, frame.features).astype(np.float64)
        seam, steps = np.abs(x[:, 0] - x[:, -1]).mean(axis=0), np.abs(np.diff(x, axis=1)).mean(axis=(0, 1))
        largest = np.max(np.where(steps > 0, seam / np.where(steps > 0, steps, 1), 0))
        kept = "circular_shift" in adapt(space, prepared).parameters["augment"].values
        mean = seam.mean() / steps.mean()
        print(f"{name:18} mean {mean:5.2f}, largest {largest:5.2f}: {'kept' if kept else 'left out'}")


if __name__ == "__main__":
    main()
