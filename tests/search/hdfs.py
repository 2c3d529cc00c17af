"""A file server on loopback that speaks as much of WebHDFS as fsspec's own client for ``webhdfs://`` says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = "/webhdfs/v1"


class Server(ThreadingHTTPServer):
    """Keeps files in its memory: whoever wants one has to ask."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.most: set[str] = set()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"webhdfs://127.0.0.1:{self.server_address[1]}/searches"


class Handler(BaseHTTPRequestHandler):
    """Name node and data node in one."""

    protocol_version = "HTTP/1.1"
    server: Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # a client was killed
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Not."""

    def do_GET(self) -> None:
        path, said = self._asked()
        with self.server.lock:
            content = self.server.files.get(path)
        if content is None:
            self._answer(404, {"RemoteException": {"exception": "FileNotFoundException", "message": path}})
        elif said["op"] == "GETFILESTATUS":
            self._answer(200, {"FileStatus": {"type": "FILE", "length": len(content), "pathSuffix": ""}})
        elif said["op"] == "OPEN":
            offset = int(said["offset"])
            self._answer(200, content[offset : offset + int(said["length"])])
        else:
            self._answer(400, {})

    def do_PUT(self) -> None:
        self._write(b"")

    def do_POST(self) -> None:
        self._write(None)

    def do_DELETE(self) -> None:
        path, _ = self._asked()
        with self.server.lock:
            for name in [n for n in self.server.files if n == path or n.startswith(f"{path}/")]:
                del self.server.files[name]
        self._answer(200, {"boolean": True})

    def _write(self, begin: bytes | None) -> None:
        """CREATE and APPEND in two steps, as the name node sends clients on to a data node."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, said = self._asked()
        if said["op"] == "MKDIRS":
            self._answer(200, {"boolean": True})
        elif "node" not in said:
            host = f"http://127.0.0.1:{self.server.server_address[1]}"
            self._answer(307, b"", Location=f"{host}{self.path}&node=1")
        else:
            with self.server.lock:
                self.server.files[path] = (self.server.files[path] if begin is None else begin) + body
                self.server.most.add(path)
            self._answer(201, b"")

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return unquote(parts.path).removeprefix(ROOT), {k: v[0] for k, v in parse_qs(parts.query).items()}

    def _answer(self, code: int, content: Any, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def file_server() -> Iterator[Server]:
    """One that listens."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
