"""Open the printed link to a search's charts in a real headless Chromium and keep what it shows.

    python benchmarks/screenshot_ui.py NAME [--uri sqlite:///mlflow.db] [--out docs/mlflow_charts.png]

NAME is an experiment, made by ``lstm-automl search --name NAME``. Needs ``chromium`` on the path.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from lstm_automl.tracking import links, ui
from lstm_automl.tracking.client import connect, resolve

BROWSER = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def main() -> None:
    """Take the pictures: the charts, and the comparison beside it (``*_compare.png``)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("--uri")
    parser.add_argument("--out", type=Path, default=Path("docs/mlflow_charts.png"))
    parser.add_argument("--compare", action="store_true", help="the comparison too")
    args = parser.parse_args()
    uri = resolve(args.uri)
    with ui.running(uri) as (_, base):
        found = links.of_search(connect(uri), base, args.name)
        if not found:
            parser.error(f"MLflow at {uri} has no search {args.name!r}")
        print(found["charts"])
        shoot(found["charts"], args.out)
        if args.compare and "comparison" in found:
            print(found["comparison"])
            shoot(found["comparison"], args.out.with_stem(f"{args.out.stem}_compare"))


def shoot(address: str, out: Path, size: str = "1600,1000", milliseconds: int = 90_000) -> None:
    """A picture of what a browser without a window shows at ``address``."""
    browser = next((path for name in BROWSER if (path := shutil.which(name))), None)
    if browser is None:
        raise SystemExit(f"needs one of {', '.join(BROWSER)} on the path")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [browser, *FLAGS, f"--user-data-dir={profile}", f"--window-size={size}",
             f"--virtual-time-budget={milliseconds}", "--run-all-compositor-stages-before-draw",
             f"--screenshot={out.absolute()}", address],
            check=True, timeout=180, capture_output=True,
        )  # fmt: skip
    print(f"{out}: {out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
