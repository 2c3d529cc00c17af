"""What the end of a search needs and its workers do not: made ready in the background while they train."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

THREAD = "ahead"
Made = TypeVar("Made")

MODULES = ("keras", "lstm_automl.models.bundle")


class Ahead(Generic[Made]):
    """A value made on a thread of its own, which then imports what saving the model will need.

    The thread is a daemon: a search that is stopped does not wait for it.

    Args:
        make: Makes the value.

    >>> Ahead(lambda: 3, modules=()).result()
    3
    """

    def __init__(self, make: Callable[[], Made], *, modules: tuple[str, ...] = MODULES) -> None:
        self._make, self._modules = make, modules
        self._made: list[Made] = []
        self._wrong: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
        self._thread.start()

    def result(self) -> Made:
        """The value, waited for with the imports; what went wrong in making it is raised here.

        Two threads that import TensorFlow at a time lock each other out.
        """
        self._thread.join()
        if self._wrong is not None:
            raise self._wrong
        return self._made[0]

    def _run(self) -> None:
        try:
            self._made.append(self._make())
        except BaseException as error:
            self._wrong = error
        with contextlib.suppress(Exception):  # who needs the module hears of it
            for name in self._modules:
                importlib.import_module(name)


def busy() -> bool:
    """Whether such a thread is still at work."""
    return any(thread.name == THREAD for thread in threading.enumerate())
