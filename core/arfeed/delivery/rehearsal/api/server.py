"""The receiver's HTTP server: it answers by the rule of its destination, and goes wrong where it is told to."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from arfeed.delivery.rehearsal.api.books import Journal
from arfeed.delivery.rehearsal.server import HOST
from arfeed.model.shipping.api import ApiRule

KEY_HEADER = "X-Rehearsal"
"""The header with the key of a receiver on this machine; keys of the real one are not shown to it."""

Fault = Literal["busy", "broken", "lose", "lose_before", "stall", "half"]
"""busy: 429 with Retry-After. broken: 500, nothing done. lose: done, then hung up. lose_before: hung up, nothing done.
stall: done, and never answered. half: an answer that breaks off."""


@dataclass(slots=True)
class ApiFaults:
    """What goes wrong, by the number of the request (the first is 1), its method and path; nothing at first.

    With `let_in` no key has to be shown.
    """

    choose: Callable[[int, str, str], Fault | None] = lambda *_: None
    retry_after: int = 0
    let_in: bool = False
    requests: Iterator[int] = field(default_factory=lambda: count(1))
    stalled: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A server under way: its address, the key to show, and its books."""

    url: str
    key: str
    journal: Journal


@contextmanager
def serving(folder: Path, rule: ApiRule, faults: ApiFaults | None = None, port: int = 0) -> Iterator[ApiServer]:
    """Serve a receiver whose books are kept in a folder, on loopback; without a port, on any free one."""
    folder.mkdir(parents=True, exist_ok=True)
    journal, key, faults = Journal(folder), _kept_key(folder), faults or ApiFaults()
    handler = type("Handler", (_Handler,), {"rule": rule, "journal": journal, "faults": faults, "key": key})
    with _Server((HOST, port), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="arfeed-rehearsal-api")
        thread.start()
        try:
            yield ApiServer(f"http://{HOST}:{server.server_port}", key, journal)
        finally:
            faults.stalled.set()
            server.shutdown()
            thread.join()


def _kept_key(folder: Path) -> str:
    file = folder / "key"
    if not file.exists():
        file.touch(0o600)
        file.write_text(secrets.token_urlsafe(24))
    return file.read_text()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@dataclass(frozen=True, slots=True)
class _Request:
    """A request: what its path stands for, the number in it, its query and what it sends."""

    what: str
    number: str
    query: Mapping[str, str]
    body: bytes
    key: str | None


class _Handler(BaseHTTPRequestHandler):
    rule: ClassVar[ApiRule]
    journal: ClassVar[Journal]
    faults: ClassVar[ApiFaults]
    key: ClassVar[str]
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "arfeed", ""
    timeout = 60
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """List what is held."""
        self._answer()

    def do_PUT(self) -> None:
        """Take a document or a customer."""
        self._answer()

    def do_POST(self) -> None:
        """Take a document, a closing or a PDF."""
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        """Write no log."""

    def _answer(self) -> None:
        # Read first: what is left of a request would be taken for the next one.
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.faults.choose(next(self.faults.requests), self.command, self.path)
        if fault in ("busy", "broken", "lose_before"):
            self._go_wrong(fault)
            return
        status, document = self._serve(body)
        if fault == "lose":
            self.close_connection = True
        elif fault == "stall":
            self.faults.stalled.wait(30)
            self.close_connection = True
        else:
            self._send(status, document, half=fault == "half")

    def _go_wrong(self, fault: Fault) -> None:
        if fault == "busy":
            self._send(HTTPStatus.TOO_MANY_REQUESTS, {"error": "too many"}, retry_after=self.faults.retry_after)
        elif fault == "broken":
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "broken"})
        else:
            self.close_connection = True

    def _serve(self, body: bytes) -> tuple[int, Any]:
        if not self.faults.let_in and not secrets.compare_digest(self.headers.get(KEY_HEADER, ""), self.key):
            return HTTPStatus.UNAUTHORIZED, {"error": f"show the key in {KEY_HEADER}"}
        request = self._read(body)
        if request is None:
            return HTTPStatus.NOT_FOUND, {"error": f"there is no {self.command} {self.path}"}
        if request.what == "held":
            return self._list(request)
        if request.what == "pdf":
            return self._take_pdf(request)
        return self._take(request)

    def _read(self, body: bytes) -> _Request | None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        rule = self.rule
        ways = [("pdf", rule.pdf, "POST PUT"), ("closing", rule.closing, "POST PUT")]
        ways += [
            ("customer", rule.customers, "PUT POST"),
            ("document", rule.documents, "PUT POST"),
            ("held", rule.held, "GET"),
        ]
        for what, template, methods in ways:
            found = re.fullmatch(_pattern(template), parts.path) if template and self.command in methods else None
            if found:
                number = unquote(found["number"]) if "number" in found.groupdict() else ""
                return _Request(what, number, query, body, self.headers.get("Idempotency-Key"))
        return None

    def _take(self, request: _Request) -> tuple[int, Any]:
        try:
            said = json.loads(request.body or b"{}", parse_float=str, parse_int=str)
        except ValueError as exc:
            return HTTPStatus.BAD_REQUEST, {"error": f"not JSON: {exc}"}
        rule, books = self.rule, self.journal.books
        entry = {"what": request.what, "number": request.number, "key": request.key, "body": said}
        if request.what == "closing" and not books.knows(request.number):
            return HTTPStatus.NOT_FOUND, {"error": f"no document {request.number}"}
        needed = {"document": (*rule.required, rule.balance), "customer": rule.required_of_customers}
        if lacking := [name for name in needed.get(request.what, ()) if said.get(name) in (None, "")]:
            return HTTPStatus.UNPROCESSABLE_ENTITY, {"error": f"required: {', '.join(lacking)}"}
        if request.what == "document":
            if rule.customers and said.get(rule.customer) not in books.customers:
                return HTTPStatus.UNPROCESSABLE_ENTITY, {"error": f"no customer {said.get(rule.customer)}"}
            try:
                entry["balance"] = str(Decimal(str(said[rule.balance])))
            except InvalidOperation:
                return HTTPStatus.UNPROCESSABLE_ENTITY, {"error": f"{rule.balance} is not a number"}
        self.journal.take(entry)
        return HTTPStatus.OK, {"number": request.number}

    def _take_pdf(self, request: _Request) -> tuple[int, Any]:
        if not self.journal.books.knows(request.number):
            return HTTPStatus.NOT_FOUND, {"error": f"no document {request.number}"}
        if self.headers.get_content_type() != "application/pdf" or not request.body.startswith(b"%PDF-"):
            return HTTPStatus.BAD_REQUEST, {"error": "not a PDF"}
        digest = hashlib.sha256(request.body).hexdigest()
        self.journal.take({"what": "pdf", "number": request.number, "key": request.key, "sha256": digest})
        return HTTPStatus.OK, {"number": request.number}

    def _list(self, request: _Request) -> tuple[int, Any]:
        """Return one document, or a page of all with the cursor of the next one."""
        documents = self.journal.books.documents
        rows = [
            {
                "number": number,
                "status": "closed" if owed is None else "open",
                self.rule.balance: None if owed is None else str(owed),
                "pdf": documents.get(number),
            }
            for number, owed in self.journal.list_documents()
            if request.number in ("", number)
        ]
        if request.number:
            return (HTTPStatus.OK, rows[0]) if rows else (HTTPStatus.NOT_FOUND, {"error": "no such document"})
        start = int(request.query.get("cursor", "0"))
        end = start + self.rule.page
        return HTTPStatus.OK, {"items": rows[start:end], "next": str(end) if end < len(rows) else None}

    def _send(self, status: int, document: object, *, half: bool = False, retry_after: int | None = None) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if half else body)
        if half:
            self.close_connection = True


def _pattern(template: str) -> str:
    return re.escape(template).replace(re.escape("{number}"), "(?P<number>[^/]+)")
