"""What the end of a search needs and its workers do not: made ready in the background while they train."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

THREAD = "ahead"
Made = TypeVar("Made")

MODULES = ("keras", "lstm_automl.models.bundle")
LONGEST_IMPORT = 30.0
LONGEST_WAIT = 10.0


class Ahead(Generic[Made]):
    """Imports what saving the model will need, then makes a value, on a thread of its own.

    The thread is a daemon: a search that is stopped does not wait for it.

    Args:
        make: Makes the value; writes nothing.
        after: Says whether to begin; asked for at most ``LONGEST_WAIT`` seconds. Two imports at a time slow each other.

    >>> Ahead(lambda: 3, modules=()).result()
    3
    """

    def __init__(
        self, make: Callable[[], Made], *, modules: tuple[str, ...] = MODULES, after: Callable[[], bool] = lambda: True
    ) -> None:
        self._make, self._modules, self._after = make, modules, after
        self._go, self._left = threading.Event(), False
        self._made: list[Made] = []
        self._wrong: BaseException | None = None
        self._imported, self._ready = threading.Event(), threading.Event()
        threading.Thread(target=self._run, name=THREAD, daemon=True).start()
        # TensorFlow does not survive an interpreter that ends while it is being imported.
        atexit.register(self._leave)

    def imported(self) -> None:
        """Wait for the imports: two threads that import TensorFlow at a time lock each other out."""
        self._go.set()
        self._imported.wait()
        atexit.unregister(self._leave)

    def result(self, seconds: float | None = None) -> Made:
        """The value, waited for; what went wrong in making it is raised here.

        Args:
            seconds: To wait at most, None = as long as it takes.

        Raises:
            TimeoutError: it is not ready by then.
        """
        if not self._ready.wait(seconds):
            raise TimeoutError(f"not ready after {seconds:.0f} s")
        if self._wrong is not None:
            raise self._wrong
        return self._made[0]

    def _leave(self) -> None:
        self._left = True
        self._go.set()
        self._imported.wait(LONGEST_IMPORT)

    def _run(self) -> None:
        until = time.monotonic() + LONGEST_WAIT
        while not self._after() and time.monotonic() < until and not self._go.wait(0.1):
            pass
        if self._left:
            self._imported.set()
            return
        with contextlib.suppress(Exception):  # who needs the module hears of it
            for name in self._modules:
                importlib.import_module(name)
        self._imported.set()
        try:
            self._made.append(self._make())
        except BaseException as error:
            self._wrong = error
        self._ready.set()


def busy() -> bool:
    """Whether such a thread is still at work."""
    return any(thread.name == THREAD for thread in threading.enumerate())
