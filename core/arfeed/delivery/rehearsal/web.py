"""The receiver's page and JSON, over HTTP, for this machine's own browser and for scripts."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qsl

from pydantic import ValidationError

from arfeed.delivery.rehearsal.books import as_json
from arfeed.delivery.rehearsal.faults import Faults
from arfeed.delivery.rehearsal.page import STYLE, page
from arfeed.delivery.rehearsal.server import HOST
from arfeed.delivery.rehearsal.switches import Switches, switch

if TYPE_CHECKING:
    from arfeed.delivery.rehearsal.receiver import Receiver

MOST_BYTES = 64 * 1024
"""So long may be what is posted."""

_GUARDS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # without any referrer, browsers send the form with the origin null
    "X-Content-Type-Options": "nosniff",
}


@dataclass(slots=True)
class Panel:
    """What the page shows and switches. `token` is known only to its own forms."""

    name: str
    receiver: Receiver
    faults: Faults
    switches: Switches = field(default_factory=Switches)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _lock: Lock = field(default_factory=Lock)

    def set(self, wanted: Mapping[str, object]) -> None:
        """Switch faults; those that are not named stay as they are."""
        with self._lock:
            now = self.switches.changed(wanted)
            switch(self.faults, self.switches, now)
            self.switches = now


class _Refusal(Exception):  # noqa: N818 - it is an answer, not an error of ours
    """An answer other than the one asked for."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


@contextmanager
def serving(panel: Panel, port: int = 0) -> Iterator[int]:
    """Serve the page on loopback, and yield the port: any free one where 0 is asked for."""
    handler = type("Handler", (_Handler,), {"panel": panel})
    with ThreadingHTTPServer((HOST, port), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="arfeed-rehearsal-page")
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    panel: ClassVar[Panel]
    server: ThreadingHTTPServer
    server_version, sys_version = "arfeed", ""
    timeout = 10  # of a client that goes silent

    def do_GET(self) -> None:
        """Show the page, the books, the faults or the style."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Switch faults."""
        self._answer(self._post)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        """Write no log: whoever started the page reads it."""

    def _answer(self, answer: Callable[[], None]) -> None:
        try:
            self._check_host()
            answer()
        except _Refusal as exc:
            self._send(exc.status, "text/plain", f"{exc}\n")

    def _get(self) -> None:
        panel = self.panel
        if self.path == "/":
            html = page(panel.name, panel.receiver, panel.receiver.books, panel.switches, panel.token)
            self._send(HTTPStatus.OK, "text/html", html)
        elif self.path == "/books.json":
            self._send(HTTPStatus.OK, "application/json", as_json(panel.receiver.books) + "\n")
        elif self.path == "/faults.json":
            self._send(HTTPStatus.OK, "application/json", panel.switches.model_dump_json(indent=1) + "\n")
        elif self.path == "/style.css":
            self._send(HTTPStatus.OK, "text/css", STYLE)
        else:
            raise _Refusal(HTTPStatus.NOT_FOUND, "Not found. The pages are /, /books.json and /faults.json.")

    def _post(self) -> None:
        self._check_origin()
        if self.path == "/faults":
            self._switch(self._form())
            self._send(HTTPStatus.SEE_OTHER, "text/plain", "", Location="/#faults")
        elif self.path == "/faults.json":
            self._switch(self._json())
            self._send(HTTPStatus.OK, "application/json", self.panel.switches.model_dump_json(indent=1) + "\n")
        else:
            raise _Refusal(HTTPStatus.NOT_FOUND, "Post to /faults (the page's form) or /faults.json.")

    def _switch(self, wanted: Mapping[str, object]) -> None:
        try:
            self.panel.set(wanted)
        except ValidationError as exc:
            wrong = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in exc.errors())
            raise _Refusal(
                HTTPStatus.BAD_REQUEST, f"{wrong}. There are {', '.join(Switches.model_fields)}. Nothing was switched."
            ) from exc

    def _form(self) -> Mapping[str, object]:
        given = dict(parse_qsl(self._body("application/x-www-form-urlencoded"), keep_blank_values=True))
        if not secrets.compare_digest(given.pop("token", "").encode(), self.panel.token.encode()):
            raise _Refusal(HTTPStatus.FORBIDDEN, "This form is from an earlier page. Reload the page.")
        off = Switches().model_dump()
        return off if given.pop("do", "") == "off" else {**off, **given}

    def _json(self) -> Mapping[str, object]:
        # A page of another site can't send this type without asking first, and nobody answers.
        try:
            given = json.loads(self._body("application/json"))
        except ValueError as exc:
            raise _Refusal(HTTPStatus.BAD_REQUEST, f"That is not JSON: {exc}") from exc
        if not isinstance(given, dict):
            raise _Refusal(HTTPStatus.BAD_REQUEST, 'Send an object, such as {"refuse_rename": true}.')
        return given

    def _body(self, kind: str) -> str:
        if self.headers.get_content_type() != kind:
            raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the header Content-Type: {kind}.")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise _Refusal(HTTPStatus.LENGTH_REQUIRED, "Say Content-Length.")
        if int(length) > MOST_BYTES:
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {MOST_BYTES} bytes are read.")
        return self.rfile.read(int(length)).decode("utf-8", "replace")

    def _check_host(self) -> None:
        """Refuse names of other sites that were made to lead here."""
        if self.headers.get("Host") not in self._names():
            raise _Refusal(HTTPStatus.MISDIRECTED_REQUEST, f"This is {HOST}:{self.server.server_port}, and no other.")

    def _check_origin(self) -> None:
        origin = self.headers.get("Origin")
        if origin is not None and origin not in {f"http://{name}" for name in self._names()}:
            raise _Refusal(HTTPStatus.FORBIDDEN, "Only this page itself may switch faults.")

    def _names(self) -> set[str]:
        return {f"{name}:{self.server.server_port}" for name in (HOST, "localhost")}

    def _send(self, status: HTTPStatus, kind: str, text: str, **headers: str) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {**_GUARDS, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
