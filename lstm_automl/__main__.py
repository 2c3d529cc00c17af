"""``lstm-automl`` and ``python -m lstm_automl``."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; a user's mistake is one message and its exit code, never a traceback."""
    # Before anything imports TensorFlow or MLflow: their start-up chatter is not the user's business.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from lstm_automl.cli.main import run

    sys.exit(run())


if __name__ == "__main__":
    main()
