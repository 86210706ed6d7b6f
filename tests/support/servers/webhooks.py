"""A webhook on this machine: a real HTTP server that keeps what is posted to it, and answers as it is told."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "T0KEN-quux"


@dataclass
class Webhook:
    """`answers` are the statuses of the next posts, 200 when there are no more; each takes `seconds`.

    What is no 200 `says` a text, in which {path} is the path that was asked for.
    """

    url: str = ""
    answers: list[int] = field(default_factory=list)
    seconds: float = 0
    says: str = "no_service"
    posts: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [post["text"] for post in self.posts]


@contextmanager
def webhook(tls: ssl.SSLContext | None = None) -> Iterator[Webhook]:
    there = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(there.seconds)
            there.posts.append(json.loads(body))
            there.headers.append(dict(self.headers))
            status = there.answers.pop(0) if there.answers else 200
            self.send_response(status)
            self.send_header("Location", f"{there.url}/elsewhere")
            self.end_headers()
            self.wfile.write(b"ok" if status == 200 else there.says.replace("{path}", self.path).encode())

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that hang up are meant to
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    there.url = f"{'https' if tls else 'http'}://localhost:{server.server_port}/services/{TOKEN}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
