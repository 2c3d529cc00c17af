"""``lstm-automl`` and ``python -m lstm_automl``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; a user's mistake is one message and its exit code, never a traceback."""
    from lstm_automl.cli import quiet

    quiet.install()
    from lstm_automl.cli.main import run

    sys.exit(run())


if __name__ == "__main__":
    main()
