"""The drivers that a worker process of a cluster works for, a host each."""

from __future__ import annotations

import socket
import threading

from lstm_automl.errors import LstmAutomlError
from lstm_automl.search.executors.hosts import Host, Message, Order, Tell
from lstm_automl.search.executors.versions import difference, versions

_hosts: dict[str, Host] = {}
_changing = threading.Lock()


def attach(order: Order) -> Message:
    """Be ready for a driver; ``problem`` says why this process cannot be."""
    evict(order.search, order.driver)
    host = None
    try:
        different = difference(order.versions, versions())
        if different:
            raise LstmAutomlError(different)
        host = Host(order)
        host.begin()
    except Exception as error:
        if host is not None:
            host.close()
        return {"problem": f"{socket.gethostname()}: {error}"}
    with _changing:
        before, _hosts[order.driver] = _hosts.get(order.driver), host
    if before is not None:
        before.close()
    return {"problem": None}


def run(driver: str, task: Message, tell: Tell) -> Message:
    """Run a rung for a driver that this process is attached to; a process that was begun anew is not."""
    host = _hosts.get(driver)
    return {"lost": True} if host is None else host.run(task, tell)


def say(driver: str, op: str, tokens: list[str]) -> None:
    """``stop`` or ``kill`` rungs of a driver."""
    host = _hosts.get(driver)
    for token in tokens if host is not None else ():
        assert host is not None
        host.say(op, token)


def evict(search: str, driver: str) -> None:
    """End what earlier drivers of a search have left here: they are dead, or the search's lock would be held."""
    for other in [h.order.driver for h in list(_hosts.values()) if h.order.search == search]:
        if other != driver:
            release(other)


def release(driver: str) -> None:
    """Be free of a driver; whoever asks does not wait."""
    with _changing:
        host = _hosts.pop(driver, None)
    if host is not None:
        threading.Thread(target=host.close, daemon=True).start()
