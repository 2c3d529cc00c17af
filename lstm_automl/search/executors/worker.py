"""A worker process: runs one rung after another for its driver, and ends with it."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import queue
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_automl.errors import StorageError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.executors import wire
from lstm_automl.search.executors.memory import held, spare_the_others
from lstm_automl.search.executors.post import Post
from lstm_automl.search.executors.presence import hold

Runner = Callable[..., RungResult]


def find_runner(name: str) -> Runner:
    """The function named ``"module:function"``."""
    module, _, function = name.partition(":")
    found: Runner = getattr(importlib.import_module(module), function)
    return found


class Channel:
    """The worker's end of its socket; a thread reads it, so that the driver's end is noticed at once.

    That thread leaves the process the moment the driver closes: a graph call in the main thread may take long.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.requests: queue.SimpleQueue[wire.Message] = queue.SimpleQueue()
        self.stop = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, message: wire.Message) -> None:
        """To the driver; without a driver there is nothing left to do."""
        try:
            wire.send(self._sock, message)
        except OSError:
            os._exit(0)

    def _read(self) -> None:
        inbox = wire.Inbox()
        while (messages := wire.receive(self._sock, inbox)) is not None:
            for message in messages:
                if message["op"] == "stop":
                    self.stop.set()
                else:
                    self.stop.clear()
                    self.requests.put(message)
        os._exit(0)


def serve(sock: socket.socket, presence: str | None = None, prepare: Callable[[], None] | None = None) -> None:
    """Run the rungs that come in until the driver closes; never returns.

    Args:
        sock: To the driver.
        presence: File on which to hold a shared lock for life, see :mod:`presence`.
        prepare: Called before the first word to the driver; what goes wrong in it, the first rung will say.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's affair
    spare_the_others()
    if presence is not None:
        hold(Path(presence))
    channel = Channel(sock)
    post = Post(channel.send)
    if prepare is not None:
        with contextlib.suppress(Exception):
            prepare()
    post.send({"op": "hello", "pid": os.getpid(), "memory": held()})
    while True:
        request = channel.requests.get()
        post.send({**_run(request, channel, post), "memory": held()})


def _run(request: wire.Message, channel: Channel, post: Post) -> wire.Message:
    spec = RungSpec(**request["spec"])
    if spec.deadline is not None:  # the worker may have started for long: this machine's clock is one for all
        spec = replace(spec, deadline=max(0.0, spec.deadline - (time.monotonic() - request["sent"])))

    def on_epoch(epoch: Epoch) -> None:
        post.epoch(spec.job, epoch)

    try:
        runner = find_runner(request["runner"])
        stop: dict[str, Any] = {}
        if "should_stop" in inspect.signature(runner).parameters:
            stop["should_stop"] = channel.stop.is_set
        result = runner(spec, on_epoch, **stop)
    except StorageError as error:
        return {"op": "storage", "job": spec.job, "error": str(error)}
    except MemoryError as error:
        return {"op": "exhausted", "job": spec.job, "error": " ".join(str(error).split())[:400]}
    except BaseException:
        return {"op": "error", "job": spec.job, "error": traceback.format_exc()}
    return {"op": "result", "job": spec.job, "result": result.to_json()}
