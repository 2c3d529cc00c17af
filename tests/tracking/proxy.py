"""A server between tracker and MLflow that misbehaves on command."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Proxy(ThreadingHTTPServer):
    """Forwards to ``target`` as ``mode`` says.

    ``well``; ``error`` (500); ``hang`` (no answer); ``slow`` (an answer after a second); ``drop`` (closes the
    connection); ``swallow`` (MLflow does what was asked, the answer is lost).
    """

    daemon_threads = True
    mode = "well"
    asked = 0

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target).netloc
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.over = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is what is being tried."""


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        mode = self.server.mode
        self.server.asked += 1
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if mode == "hang":
            self.server.over.wait(600)
        if mode == "slow":
            time.sleep(1)
        if mode == "error":
            self.close_connection = True
            self.send_error(500)
        elif mode in ("drop", "hang"):
            self.close_connection = True
        else:
            status, headers, content = self._forward(body)
            if mode == "swallow":
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", headers)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815

    def _forward(self, body: bytes) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(self.server.target, timeout=300)
        try:
            kept = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
            connection.request(self.command, self.path, body, kept)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type") or "application/json", answer.read()
        finally:
            connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def proxied(target: str) -> Iterator[Proxy]:
    """A proxy that runs within the block."""
    proxy = Proxy(target)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.over.set()
        proxy.shutdown()
        proxy.server_close()
        thread.join(300)
