"""What the executors of clusters that are found at an address have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lstm_automl.search.executors.cluster import ClusterExecutor
from lstm_automl.search.executors.seats import Backend, need_address
from lstm_automl.search.executors.storage import Storage


class AddressedExecutor(ClusterExecutor):
    """Rungs on the workers of a cluster, those that are free; workers that join later are used, too.

    Args:
        workers: Rungs at a time at most; None = as many as there are workers.
        address: Of the cluster, see the class.
        directory: Of the search.
        more: ``storage``, ``runner``, ``options`` of :class:`ClusterExecutor`.

    Raises:
        UsageError: its library is not installed, nobody answers, or no worker can be used.
    """

    def __init__(
        self, workers: int | None = None, *, address: str | None = None, directory: Path | None = None, **more: Any
    ) -> None:
        super().__init__(self._reach(need_address(self.name, address), workers), directory, workers=workers, **more)

    @classmethod
    def check(cls, address: str | None, storage: str | None = None) -> None:
        """Raise UsageError unless somebody answers and there is such a storage; nothing is written."""
        if storage is not None:
            Storage(storage)
        cls._greet(need_address(cls.name, address))

    @staticmethod
    def _reach(address: str, workers: int | None) -> Backend:
        """The cluster there."""
        raise NotImplementedError

    @staticmethod
    def _greet(address: str) -> None:
        """Raise UsageError unless the library is installed and somebody answers there."""
        raise NotImplementedError
