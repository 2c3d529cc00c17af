"""Search: driver, store, jobs, budget; what to try (``oracles``), how far (``schedulers``), where (``executors``).

This room has the name of the function ``lstm_automl.search``, so it can be called like it.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    @property
    def __wrapped__(self) -> Any:
        """What ``inspect.signature`` shows."""
        return importlib.import_module("lstm_automl.estimators.flow").search

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """See :func:`lstm_automl.estimators.flow.search`."""
        return self.__wrapped__(*args, **kwargs)


sys.modules[__name__].__class__ = _Room
