"""An OpenID provider over real HTTP that logs in whom a test says, and does wrong what a test says."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit
from urllib.request import Request, urlopen

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from support.people.boards import Answer, Visitor, free_port, wait_for

CLIENT, SECRET = "the-board", "a secret of the board and the provider"


@dataclass
class Provider:
    """What it claims of whoever comes, and what it does otherwise than it should."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "0001", "preferred_username": "Anna.Berg"})
    instead: dict[str, Any] = field(default_factory=dict)
    """Claims of the ID token that are put in place of the right ones; None leaves one out."""
    metadata: dict[str, Any] = field(default_factory=dict)
    token: dict[str, Any] = field(default_factory=dict)
    """What the token's answer holds in place of the right values."""
    info: dict[str, Any] | None = None
    """What is said beside the ID token, if anything."""
    signing: str = "RS256"
    strange_key: bool = False
    broken: str = ""
    """The path that answers with an error."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def answer(self, path: str, query: Mapping[str, str], authorization: str) -> tuple[int, object]:
        """Return a status with a document, or 302 with an address."""
        if path == self.broken:
            return 500, {}
        if path == "/.well-known/openid-configuration":
            places = {"authorization": "authorize", "token": "token", "userinfo": "info", "end_session": "logout"}
            addresses = {f"{name}_endpoint": f"{self.issuer}/{at}" for name, at in places.items()}
            if self.info is None:
                del addresses["userinfo_endpoint"]
            return 200, {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", **addresses, **self.metadata}
        if path == "/jwks":
            return 200, {"keys": [*KeySet([_key()]).as_dict()["keys"], {"kty": "of tomorrow"}]}
        if path == "/authorize":
            code = secrets.token_urlsafe(8)
            self.codes[code] = dict(query)
            return 302, f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
        if path == "/info":
            return 200, self.info
        return self._exchange(query, authorization)

    def _exchange(self, form: Mapping[str, str], authorization: str) -> tuple[int, object]:
        # Taken out: a code is good once.
        asked = self.codes.pop(form.get("code", ""), None)
        client = [unquote(part) for part in base64.b64decode(authorization.removeprefix("Basic ")).decode().split(":")]
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if client != [CLIENT, SECRET] or asked is None or asked["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        if asked["code_challenge_method"] != "S256" or asked["code_challenge"] != challenge.decode().rstrip("="):
            return 400, {"error": "invalid_grant", "error_description": "PKCE"}
        moment = int(time.time())
        right = {"iss": self.issuer, "aud": CLIENT, "iat": moment, "exp": moment + 60, "nonce": asked["nonce"]}
        claims = {name: value for name, value in {**right, **self.claims, **self.instead}.items() if value is not None}
        answer = {"access_token": "an-access-token", "token_type": "Bearer", "id_token": self._sign(claims)}
        return 200, {name: value for name, value in {**answer, **self.token}.items() if value is not None}

    def _sign(self, claims: dict[str, Any]) -> str:
        header = {"alg": self.signing}
        if self.signing == "none":
            parts = [json.dumps(part).encode() for part in (header, claims)]
            return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."
        if self.signing == "HS256":
            return jwt.encode(header, claims, OctKey.import_key(SECRET))
        return jwt.encode(header, claims, _key("strange") if self.strange_key else _key())


@cache
def _key(name: str = "ours") -> RSAKey:
    del name
    return RSAKey.generate_key(2048)


@contextmanager
def running_provider() -> Iterator[Provider]:
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._send(*provider.answer(parts.path, dict(parse_qsl(parts.query)), ""))

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send(*provider.answer(self.path, dict(parse_qsl(text)), self.headers.get("Authorization", "")))

        def _send(self, status: int, document: object) -> None:
            self.send_response(status)
            if status == 302:
                self.send_header("Location", str(document))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def running_mock() -> Iterator[str]:
    """Run the provider of others, oidc-provider-mock, as a process; yield its issuer."""
    port = free_port()
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "--port",
        str(port),
        "--require-nonce",
        "yes",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def add_account(issuer: str, subject: str, **claims: object) -> None:
    """Have the provider of others know somebody."""
    headers = {"Content-Type": "application/json"}
    request = Request(f"{issuer}/users/{subject}", json.dumps(claims).encode(), headers, method="PUT")
    urlopen(request, timeout=30).close()


def write_settings(folder: Path, issuer: str, more: str = "") -> Path:
    """Write a board.toml by which the approvers of the provider may approve, and its auditors see."""
    file = folder / ".arfeed" / "board.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        f'[oidc]\nissuer = "{issuer}"\nclient_id = "{CLIENT}"\nclient_secret = "{SECRET}"\nlabel = "Example '
        f'ID"\n{more}\n[oidc.roles]\nfinance = ["approver:acme"]\naudit = ["viewer"]\n'
    )
    return file


def lead(visitor: Visitor, following: str = "/") -> str:
    """Begin a login on the board, and have the provider log in; return where it leads back to."""
    there = visitor.get(f"/login/provider?{urlencode({'next': following})}")
    assert there.status == 303, there.text
    parts = urlsplit(there.location)
    at_provider = Visitor(f"{parts.scheme}://{parts.netloc}").get(f"{parts.path}?{parts.query}")
    assert at_provider.location.startswith(f"{visitor.origin}/login/provider/back?"), at_provider.text
    return at_provider.location.removeprefix(visitor.origin)


def come(visitor: Visitor, following: str = "/") -> Answer:
    """Log in by the provider."""
    return visitor.get(lead(visitor, following))
