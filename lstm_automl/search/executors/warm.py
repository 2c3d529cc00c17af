"""A warm parent: imports what rungs need, uses none of it, and forks a worker in milliseconds.

``python -m lstm_automl.search.executors.warm fork FD RUNNER`` serves ``settle``, ``fork`` and ``kill`` on the
socket FD. ``... spawn FD RUNNER [FILE]`` is itself one worker, which holds a lock on FILE, for machines on which a
forked TensorFlow hangs (GPU, macOS).
Neither ever imports the user's main module.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import sys

from lstm_automl import plugins
from lstm_automl.search.executors import memory, wire, worker
from lstm_automl.search.executors.endings import describe

# What a rung imports on its way, brought in once for all workers: modules, and parts that can be named.
PRELOAD = {
    "lstm_automl.search.rung": ("tensorflow", "keras", "lstm_automl.models.fit", "lstm_automl.models.builder"),
}
PARTS = {"lstm_automl.search.rung": ("task", "cell", "front_end", "head")}


def preload(runner: str) -> None:
    """Import the runner's module and what it needs."""
    module = runner.partition(":")[0]
    for name in (*PRELOAD.get(module, ()), module):
        importlib.import_module(name)
    for kind in PARTS.get(module, ()):
        with contextlib.suppress(Exception):  # of another distribution: the rung that names it will say what is wrong
            for name in plugins.names(kind):
                plugins.load(kind, name)


class WarmParent:
    """Forks workers on demand and reports how they ended.

    Args:
        control: Socket to the driver; when it closes, the parent ends (its workers notice by themselves).
    """

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.presence: str | None = None  # file on which workers hold a lock
        self.inbox = wire.Inbox()
        self.sockets: list[int] = []
        self.workers: dict[int, int] = {}  # pid -> number
        self.oom_kills: dict[int, int | None] = {}  # pid -> of the machine when it began
        self.wake, wake_end = socket.socketpair()
        self.wake.setblocking(False)
        wake_end.setblocking(False)
        self._wake_end = wake_end

    def serve(self) -> None:
        """Until the driver closes."""
        signal.set_wakeup_fd(self._wake_end.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        gc.freeze()
        wire.send(self.control, {"op": "ready"})
        with selectors.DefaultSelector() as selector:
            selector.register(self.control, selectors.EVENT_READ)
            selector.register(self.wake, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self.wake in ready:
                    with contextlib.suppress(BlockingIOError):
                        self.wake.recv(4096)
                    self.reap()
                if self.control in ready and not self.receive():
                    return

    def receive(self) -> bool:
        """Serve what the driver asks; False when it has closed."""
        try:
            data, sockets, _, _ = socket.recv_fds(self.control, 1 << 16, 16)
        except ConnectionError:
            return False
        self.sockets.extend(sockets)
        if not data:
            return False
        for message in self.inbox.feed(data):
            if message["op"] == "fork":
                self.fork(message["worker"], self.sockets.pop(0))
            elif message["op"] == "settle":
                self.settle(message["presence"], self.sockets.pop(0))
            elif message["op"] == "kill":
                self.kill(message["worker"])
        return True

    def settle(self, presence: str | None, log: int) -> None:
        """From now on workers hold a lock on the file ``presence`` and write to the open file ``log``."""
        self.presence = presence
        for stream in (1, 2):
            os.dup2(log, stream)
        os.close(log)

    def fork(self, number: int, fd: int) -> None:
        """A new worker that owns the socket ``fd``."""
        before = memory.oom_kills()
        try:
            pid = os.fork()
        except OSError as error:
            os.close(fd)
            wire.send(self.control, {"op": "ended", "worker": number, "how": f"could not start: {error.strerror}"})
            return
        if pid == 0:
            self._become_worker(fd)
        os.close(fd)
        self.workers[pid], self.oom_kills[pid] = number, before

    def _become_worker(self, fd: int) -> None:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for sock in (self.control, self.wake, self._wake_end):
                sock.close()
            for other in self.sockets:  # of workers not forked yet: the driver would not see them end
                os.close(other)
            worker.serve(socket.socket(fileno=fd), self.presence)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)

    def kill(self, number: int) -> None:
        """End a worker at once, unless it has ended already."""
        for pid, found in self.workers.items():
            if found == number:
                os.kill(pid, signal.SIGKILL)

    def reap(self) -> None:
        """Tell the driver of the workers that ended. One that somebody stopped is ended: it would block its job."""
        while self.workers:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                how, ours = "it was stopped by somebody", True
                os.kill(pid, signal.SIGKILL)
            else:
                starved = memory.starved_since(self.oom_kills.pop(pid, None))
                how, ours = describe(os.waitstatus_to_exitcode(status), starved), False
            if pid in self.workers:
                number = self.workers[pid] if ours else self.workers.pop(pid)
                wire.send(self.control, {"op": "ended", "worker": number, "how": how, "ours": ours})


def main(mode: str, fd: int, runner: str, presence: str | None = None) -> None:
    """Serve on ``fd`` until the driver closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sock = socket.socket(fileno=fd)
    if mode == "spawn":
        worker.serve(sock, presence, lambda: preload(runner))
    preload(runner)
    WarmParent(sock).serve()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
    os._exit(0)
