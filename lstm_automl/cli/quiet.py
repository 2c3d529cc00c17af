"""TensorFlow announces itself on file descriptor 2 when it is imported; a terminal in use is no place for that."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

CHATTER = re.compile(
    r"WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR"
    r"|[IW]\d{4} \d\d:\d\d:.*"  # absl: I(nfo) and W(arning); E(rror) and F(atal) are passed on
    r"|\d{4}-\d\d-\d\d [\d:.]+: [IW] tensorflow/.*"
    r"|To enable the following instructions: .*"
    r"|E\d{4} \d\d:\d\d:.* Unable to register cu(DNN|BLAS|FFT) factory.*"
)

ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "NONE", "MLFLOW_DISABLE_TELEMETRY": "true"}
"""Set where the user has not: later log lines of TensorFlow, gRPC's, MLflow's telemetry."""


class QuietImport(importlib.abc.MetaPathFinder):
    """Lets the first ``import tensorflow`` of this process speak only of errors, wherever it happens."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's own spec, its loader wrapped."""
        if fullname != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader) -> None:
        self.loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self.loader
        with errors_only():
            self.loader.exec_module(module)


@contextmanager
def errors_only() -> Iterator[None]:
    """Hold back what native code writes to file descriptor 2; pass on afterwards all that is not chatter.

    Python's own ``sys.stderr`` goes on reaching the terminal meanwhile, through a descriptor that stays open: a log
    handler made meanwhile keeps it.
    """
    with tempfile.TemporaryFile() as held:
        terminal, python = os.dup(2), sys.stderr
        out = io.TextIOWrapper(os.fdopen(terminal, "wb", buffering=0, closefd=False), write_through=True)
        if _is_plain(python):
            python.flush()
            sys.stderr = out
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(terminal, 2)
            if sys.stderr is out:
                sys.stderr = python
            held.seek(0)
            for line in held.read().decode(errors="replace").splitlines():
                if line.strip() and not CHATTER.fullmatch(line.rstrip()):
                    os.write(2, f"{line}\n".encode())


def _is_plain(stream: object) -> bool:
    try:
        return isinstance(stream, io.TextIOWrapper) and stream.fileno() == 2
    except (OSError, ValueError):
        return False


def install() -> None:
    """For the command line's own process; another program's imports are its own business."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, QuietImport())
