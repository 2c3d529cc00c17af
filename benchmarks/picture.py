"""Draw ``docs/search.svg``: what a terminal shows of a real search. ``python benchmarks/picture.py``"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

DOCS = Path(__file__).parents[1] / "docs"
COMMAND = "lstm-automl search classification --data digits --max-trials 12 --max-epochs 20"


def main() -> None:
    """Run the command and record what it says."""
    console = Console(record=True, width=136, file=io.StringIO())
    console.print(Text(f"$ {COMMAND}", style="bold"))
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(DOCS.parent)}
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", *shlex.split(COMMAND.replace("lstm-automl", "lstm_automl"))],
            cwd=folder, env=environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            shown = Text(line.rstrip())
            shown.highlight_regex(r"best .*|^test: .*|^model: .*", "green")
            shown.highlight_regex(r"^\[[^\]]*\]", "dim")
            shown.highlight_regex(r"^floor .*", "yellow")
            console.print(shown, crop=False)
        if process.wait():
            raise SystemExit(process.returncode)
    picture = console.export_svg(title="lstm-automl")
    # no fonts from the web: a picture in a README asks nobody
    (DOCS / "search.svg").write_text(re.sub(r"\s*@font-face \{.*?\n    \}", "", picture, flags=re.DOTALL))


if __name__ == "__main__":
    main()
