"""A board as a process of its own over a folder of feeds, and visitors who send it requests as a browser would."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import sqlalchemy as sa

from arfeed.operations.board.access import people, tokens
from arfeed.operations.board.access.people import Role, parse_grants
from arfeed.operations.board.access.tokens import Token
from arfeed.operations.board.database import Database
from arfeed.operations.board.tables import now
from support.feeds.feed import Feed, invoices

PASSWORD = "a lantern over the harbour"
HIDDEN = re.compile(r'name="form_token" value="([^"]+)"')


@contextmanager
def counted() -> Iterator[list[str]]:
    """What is asked of any database meanwhile."""
    said: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        said.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def location(self) -> str:
        return self.headers["Location"] or ""

    @property
    def token(self) -> str:
        """The token that a form on the page carries."""
        found = HIDDEN.search(self.text)
        assert found, self.text
        return found[1]


@dataclass
class Visitor:
    """Somebody's browser: keeps cookies, names its origin in every form, and follows nothing by itself."""

    origin: str
    cookies: dict[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    address: str = "127.0.0.1"

    def request(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        parts = urlsplit(self.origin)
        assert parts.hostname
        connection = (
            http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=60, source_address=(self.address, 0), context=self.context
            )
            if parts.scheme == "https"
            else http.client.HTTPConnection(parts.hostname, parts.port, timeout=60, source_address=(self.address, 0))
        )
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        try:
            connection.request(method, path, body, {**sent, **(headers or {})})
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0].strip('"')
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return Answer(answer.status, answer.headers, text)

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, urlencode(fields), {**kind, **given})

    def fill(self, page: str, path: str, **fields: str) -> Answer:
        """Load a page, and send its form."""
        return self.post(path, {"form_token": self.get(page).token, **fields})

    def log_in(self, name: str, password: str = PASSWORD, **fields: str) -> Answer:
        return self.fill("/login", "/login", name=name, password=password, **fields)

    def wait(self, job: str) -> Answer:
        """Wait until a run has ended; return its page."""
        until = time.monotonic() + 120
        while '"ended":true' not in self.get(f"{job}/state").text:
            assert time.monotonic() < until, self.get(job).text
            time.sleep(0.3)
        return self.get(job)


@dataclass
class Program:
    """Something that uses the API, with a token or, if that is blank, without one."""

    visitor: Visitor
    token: str

    def ask(self, method: str, path: str, posted: object = None, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            given = {"Authorization": f"Bearer {self.token}", **given}
        if posted is None:
            return self.visitor.request(method, path, None, given)
        return self.visitor.request(method, path, json.dumps(posted), {"Content-Type": "application/json", **given})

    def read(self, path: str) -> dict[str, Any]:
        """Return what a call answers, which must be what it promises."""
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.text
        document: dict[str, Any] = json.loads(answer.text)
        return document


@dataclass
class Board:
    folder: Path
    origin: str
    process: subprocess.Popen[str]
    printed: str
    port: int
    context: ssl.SSLContext | None = None

    def visitor(self, address: str = "127.0.0.1") -> Visitor:
        return Visitor(self.origin, context=self.context, address=address)

    def program(self, token: str) -> Program:
        return Program(self.visitor(), token)

    def logged_in(self, name: str) -> Visitor:
        visitor = self.visitor()
        answer = visitor.log_in(name)
        assert (answer.status, answer.location) == (303, "/"), answer.text
        return visitor

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def database(self) -> Database:
        return database_of(self.folder)


def database_of(folder: Path) -> Database:
    return Database(f"sqlite:///{folder / '.arfeed' / 'board.db'}")


def add_person(folder: Path, name: str, *roles: str) -> None:
    with database_of(folder) as database:
        people.add(database, name, parse_grants(roles), "a test")
        with database.writing() as connection:
            people._set(connection, name, _hashed())


def add_token(folder: Path, person: str, role: str, name: str | None = None, days: float = 1) -> str:
    with database_of(folder) as database:
        moment = now()
        token = Token(name or f"of-{person}", person, cast("Role", role), moment, moment + timedelta(days=days), None)
        return tokens.add_token(database, token, "a test")


@cache
def _hashed() -> str:
    # Once: hashing is slow on purpose.
    return people._hash(PASSWORD)


def free_port() -> int:
    """Return a port below those that systems give to clients: one of these may be somebody's a moment later."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


@contextmanager
def running_board(folder: Path, *options: str, scheme: str = "http") -> Iterator[Board]:
    """Run the command until the end, on a free port."""
    port = free_port()
    command = [sys.executable, "-m", "arfeed", "board", "--feeds", str(folder), "--port", str(port), *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with (folder / "board.log").open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
    try:
        assert process.stdout
        printed = ""
        while "Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, (folder / "board.log").read_text()
            printed += line
        wait_for(port)
        yield Board(folder, f"{scheme}://127.0.0.1:{port}", process, printed, port)
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()
            if process.stdout:
                process.stdout.close()


def wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return


def refused_feed(folder: Path, name: str = "acme", count: int = 40, missing: int = 6) -> Feed:
    """A feed that delivered yesterday, and whose export lacks invoices today without a word."""
    feed = Feed(folder / name)
    feed.export(invoices(count))
    feed.approved()
    feed.export(invoices(count - missing))
    return feed
