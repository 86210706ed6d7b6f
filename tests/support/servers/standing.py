"""A receiver that is left running, in this process or as a user would start it, and its page asked over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from support.feeds.command import ARFEED


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    headers: dict[str, str]

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Page:
    """The page at an address; requests are what a browser or a script would send, or what they are told to send."""

    url: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def books(self) -> Any:
        return self.get("/books.json").json()

    def get(self, path: str = "/", **headers: str) -> Answer:
        return self._ask("GET", path, b"", headers)

    def post(self, path: str, body: str, kind: str, **headers: str) -> Answer:
        return self._ask("POST", path, body.encode(), {"Content-Type": kind, **headers})

    def switch(self, **faults: object) -> Any:
        answer = self.post("/faults.json", json.dumps(faults), "application/json")
        assert answer.status == 200, answer.text
        return answer.json()

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        connection = HTTPConnection(self.host, timeout=10)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(), dict(answer.getheaders()))
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Running:
    """A receiver under way: what it said of itself to scripts and to people, and its process."""

    said: dict[str, str]
    told: str
    process: subprocess.Popen[str]

    @property
    def page(self) -> Page:
        return Page(self.said["page"])

    def end(self, by: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Tell it to end; its exit code and what it printed for people."""
        self.process.send_signal(by)
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err


@contextmanager
def rehearsing(folder: Path, *arguments: str) -> Iterator[Running]:
    """Start `arfeed rehearse --json` in a folder, and kill it at last if it is still there."""
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [ARFEED, "rehearse", "--json", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    try:
        document = _until(process.stdout, "}\n")
        assert document, process.communicate()[1]
        yield Running(json.loads(document), _until(process.stderr, "Ctrl-C ends it.\n"), process)
    finally:
        process.kill()
        process.communicate()


def _until(stream: IO[str], last: str) -> str:
    text = ""
    while not text.endswith(last) and (line := stream.readline()):
        text += line
    return text
