"""``lstm-automl`` and ``python -m lstm_automl``."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; a user's mistake is one message and its exit code, never a traceback."""
    from lstm_automl.cli import quiet

    quiet.install()
    from lstm_automl.cli.main import run

    code = run()
    ahead = sys.modules.get("lstm_automl.estimators.ahead")
    if ahead is not None and ahead.busy():
        # TensorFlow does not survive an interpreter that ends while it is being imported.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
