"""Messages between a driver and its workers: JSON objects with their length before them."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from typing import Any

Message = dict[str, Any]
_LENGTH = struct.Struct(">I")


def pack(message: Message) -> bytes:
    """Bytes of one message."""
    body = json.dumps(message).encode()
    return _LENGTH.pack(len(body)) + body


def send(sock: socket.socket, message: Message) -> None:
    """Send one message.

    Raises:
        OSError: the other end is gone.
    """
    sock.sendall(pack(message))


class Inbox:
    """Cuts a stream into messages.

    >>> inbox = Inbox()
    >>> data = pack({"op": "ready"})
    >>> list(inbox.feed(data[:3])), list(inbox.feed(data[3:]))
    ([], [{'op': 'ready'}])
    """

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that ``data`` completes."""
        self._bytes += data
        while len(self._bytes) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._bytes)[0]
            if len(self._bytes) < end:
                return
            message: Message = json.loads(bytes(self._bytes[_LENGTH.size : end]))
            del self._bytes[:end]
            yield message


def receive(sock: socket.socket, inbox: Inbox) -> list[Message] | None:
    """The next messages; None when the other end has closed."""
    try:
        data = sock.recv(1 << 16)
    except ConnectionError:
        return None
    return list(inbox.feed(data)) if data else None
