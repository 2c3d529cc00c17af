"""Should the final choice among finalists count the run that made them finalists? A simulation.

    python benchmarks/selection.py

Trials have true scores of some spread; a run shows them with noise. The best three by one run each are run again. The
choice is made by the fresh runs alone, or by the mean of all runs, the first included. Shown: the mean true score of
what is chosen, in units of the spread, against the truly best finalist (0 = as good).
"""

from __future__ import annotations

import numpy as np

TRIALS, FINALISTS, REPEATS = (6, 12, 40), 3, 20_000


def regret(trials: int, noise: float, fresh: int, first_too: bool, random: np.random.Generator) -> float:
    """How much is lost against the best finalist, in units of the trials' spread."""
    true = random.normal(size=(REPEATS, trials))
    first = true + noise * random.normal(size=true.shape)
    finalists = np.argsort(-first, axis=1)[:, :FINALISTS]
    truth, seen = np.take_along_axis(true, finalists, 1), np.take_along_axis(first, finalists, 1)
    again = truth[..., None] + noise * random.normal(size=(*truth.shape, fresh))
    runs = np.concatenate([seen[..., None], again], axis=2) if first_too else again
    chosen = runs.mean(axis=2).argmax(axis=1)
    return float((truth.max(axis=1) - np.take_along_axis(truth, chosen[:, None], 1)[:, 0]).mean())


def main() -> None:
    """One row a case."""
    random = np.random.default_rng(0)
    print("| trials | noise / spread | fresh runs | lost by fresh alone | lost by all runs |\n|---|---|---|---|---|")
    for trials in TRIALS:
        for noise in (0.5, 1.0, 2.0):
            for fresh in (1, 3):
                lost = [regret(trials, noise, fresh, first_too, random) for first_too in (False, True)]
                print(f"| {trials} | {noise} | {fresh} | {lost[0]:.3f} | {lost[1]:.3f} |")


if __name__ == "__main__":
    main()
