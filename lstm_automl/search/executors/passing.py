"""How files get to the workers of a cluster and back: through a shared folder, or through a storage."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lstm_automl.errors import LstmAutomlError, StorageError
from lstm_automl.search.contracts import RungResult, RungSpec, WorkerDied
from lstm_automl.search.executors.exchange import Exchange
from lstm_automl.search.executors.hosts import Message, Order
from lstm_automl.search.executors.storage import Storage
from lstm_automl.search.executors.versions import versions
from lstm_automl.search.results import read_result, write_result

TOKEN = "cluster.token"


class Passing:
    """The driver's end.

    Args:
        directory: Of the search, absolute.
        storage: URL, or None = workers see ``directory`` themselves.

    Raises:
        UsageError: there is no such storage.
    """

    def __init__(self, directory: Path, storage: str | None) -> None:
        self.directory = directory
        self._exchange = None if storage is None else Exchange(Storage(storage), directory)

    def order(self, runner: str, options: Mapping[str, Any]) -> Order:
        """What each worker must know: a token lies where the search's files are. A dead driver's results come in.

        Raises:
            StorageError: the storage, or the disk, is full, read-only or gone.
        """
        content, driver, exchange = uuid.uuid4().hex, uuid.uuid4().hex, self._exchange
        if exchange is None:
            place, search, url, data = str(self.directory / TOKEN), str(self.directory), None, None
            try:
                Path(place).write_text(content)
            except OSError as error:
                raise StorageError(f"{place}: {error.strerror or error}") from error
        else:
            exchange.take_in_all()
            place, search, url = f"searches/{exchange.key}/token", exchange.key, exchange.storage.url
            exchange.storage.write(place, content.encode())
            data = exchange.send_data()
        return Order(driver, search, str(self.directory), (place, content), url, data, runner, versions(), options)

    def send(self, spec: RungSpec) -> Message:
        """A rung as a message, once the checkpoints it may begin at are where its worker finds them.

        Raises:
            StorageError: that cannot be sent.
        """
        if self._exchange is None:
            return {"spec": spec.to_json()}
        folder = Path(spec.folder)
        checkpoints = self._exchange.send_checkpoints(folder, spec.parent)
        return {"spec": spec.to_json(), "at": self._exchange.place(folder), "checkpoints": checkpoints}

    def take_in(self, spec: RungSpec, message: Message) -> RungResult | Exception:
        """What came of a rung; a result is in the attempt's folder before anybody hears of it."""
        folder, result = Path(spec.folder), None
        if self._exchange is not None:
            result = self._exchange.take_in(folder)  # also of a worker that died after its last word
            self._exchange.forget(folder)
        elif "result" in message:
            result = RungResult.from_json(message["result"])
            if read_result(folder) is None:  # a network disk may be late
                write_result(folder, result)
        if result is not None:
            return result
        if "died" in message:
            return WorkerDied(message["died"], ours=message["ours"])
        if "storage" in message:
            return StorageError(message["storage"])
        found = message.get("error", "its result did not reach the storage")
        return LstmAutomlError(f"job {spec.job} broke its worker:\n{found}")

    def close(self) -> None:
        """Nobody needs to find the search any more."""
        if self._exchange is None:
            with contextlib.suppress(OSError):
                (self.directory / TOKEN).unlink()
