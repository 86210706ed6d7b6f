"""`make audit`: pip-audit asks a service about what arfeed needs, and the answer decides, if there is one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

AUDIT = Path(__file__).parents[1] / ".ci" / "audit"


@contextmanager
def service(vulnerable: str) -> Iterator[tuple[str, set[str]]]:
    """A service that answers as https://google.github.io/osv.dev/post-v1-query/ says, and what it was asked about."""
    asked: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
            asked.add(name)
            fixed = {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9999.1"}]}]}
            known: dict[str, Any] = {
                "id": "TEST-2026-1",
                "summary": "Invented.",
                "affected": [{"package": {"name": name, "ecosystem": "PyPI"}, **fixed}],
            }
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"vulns": [known]} if name == vulnerable else {}).encode())

        def log_message(self, *given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def audit(url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(AUDIT), "--vulnerability-service", "osv", "--osv-url", url, "--timeout", "60"]
    return subprocess.run(command, capture_output=True, text=True, timeout=280)


def test_a_known_vulnerability_fails_and_is_named_with_what_fixes_it() -> None:
    with service("sqlalchemy") as (url, asked):
        ran = audit(url)
    assert ran.returncode == 1, ran.stderr
    assert "audit: sqlalchemy 2." in ran.stderr
    assert "TEST-2026-1, fixed in 9999.1" in ran.stderr
    # Its own, those of extras, those of theirs; and nothing that only tests need.
    assert {"pandas", "argon2-cffi", "authlib", "cryptography"} <= asked
    assert {"mypy", "trytond", "arfeed"}.isdisjoint(asked)


def test_nothing_known_passes() -> None:
    with service("mypy") as (url, asked):
        ran = audit(url)
    assert (ran.returncode, ran.stdout) == (0, f"audit: {len(asked)} dependencies, 0 known vulnerabilities\n")


def test_a_service_that_does_not_answer_fails_nothing_but_is_said() -> None:
    with service("sqlalchemy") as (url, _):
        pass  # and now nobody listens there
    ran = audit(url)
    assert ran.returncode == 0, ran.stderr
    assert "audit: NOT DONE" in ran.stderr
