"""The REST client against a real HTTP server that goes wrong on purpose."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme
from pydantic import SecretStr

from arfeed import (
    Patience,
    RestClient,
    SourceError,
    Token,
    Trust,
    client_credentials,
    follow_cursor,
    follow_link,
    follow_number,
)

Reply = tuple[int, dict[str, str], str]


@contextmanager
def api(reply: Callable[[str, str, dict[str, str], int], Reply], tls: ssl.SSLContext | None = None) -> Iterator[Any]:
    """Serve what `reply` returns for a method, path, headers and the number of the request."""
    seen: list[tuple[str, str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.append((self.command, self.path, headers))
            status, further, body = reply(self.command, self.path, headers, len(seen))
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in further.items():
                self.send_header(name, value)
            if "content-length" not in {name.lower() for name in further}:
                self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_PUT = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://localhost:{server.server_port}/v1", seen
        finally:
            server.shutdown()
            thread.join()


ONE = '{"items": [{"number": "INV-1", "open": 12.50}]}'


@pytest.mark.parametrize(
    "wrong",
    [
        *[(429, {"Retry-After": "0"}, ""), (503, {}, ""), (500, {}, ""), (0, {}, "")],
        *[(200, {}, ONE[:20]), (200, {"Content-Length": "100"}, ONE[:20])],
    ],
    ids=["429", "503", "500", "hung up", "half a page", "cut off"],
)
def test_what_went_wrong_once_is_asked_again(wrong: Reply) -> None:
    with api(lambda method, path, headers, number: wrong if number == 1 else (200, {}, ONE)) as (url, seen):
        if "Content-Length" in wrong[1]:
            wrong[1]["Connection"] = "close"
        with RestClient(url, patience=Patience(answer=2)) as client:
            (item,) = client.get("/invoices")["items"]
    assert str(item["open"]) == "12.50"
    assert len(seen) == 2


def test_a_post_without_a_key_is_not_sent_again_once_it_may_have_been_done() -> None:
    with api(lambda method, path, headers, number: (0, {}, "")) as (url, seen), RestClient(url) as client:
        with pytest.raises(SourceError, match="whether it was done is not known"):
            client.post("/invoices", {"number": "INV-1"})
        assert len(seen) == 1
        with pytest.raises(SourceError, match="tried again without success"):
            client.post("/invoices", {"number": "INV-1"}, key="run-1")
    assert {headers["idempotency-key"] for _, _, headers in seen[1:]} == {"run-1"}
    assert len(seen) == 1 + 3


def test_a_token_is_renewed_when_it_is_refused_and_a_login_fetches_it() -> None:
    def reply(method: str, path: str, headers: dict[str, str], number: int) -> Reply:
        if path == "/v1/token":
            return 200, {}, f'{{"access_token": "token-{number}", "expires_in": 3600}}'
        return (401, {}, "expired") if headers.get("authorization") == "Bearer token-1" else (200, {}, "[]")

    with api(reply) as (url, seen):
        login = client_credentials("/token", "us", SecretStr("our-secret"))
        with RestClient(url, token=login) as client:
            assert client.get("/invoices") == []
            assert client.get("/invoices") == []
    assert [path for _, path, _ in seen].count("/v1/token") == 2


def test_a_token_is_renewed_before_it_ends() -> None:
    tokens = iter(["first", "second"])
    with (
        api(lambda method, path, headers, number: (200, {}, "[]")) as (url, seen),
        RestClient(url, token=lambda _: Token(f"Bearer {next(tokens)}", seconds=0)) as client,
    ):
        client.get("/a")
        client.get("/b")
    assert [headers["authorization"] for _, _, headers in seen] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("way", ["link", "header", "cursor", "number"])
def test_all_pages_of_a_list_are_read_whatever_leads_to_the_next(way: str) -> None:
    def reply(method: str, path: str, headers: dict[str, str], number: int) -> Reply:
        place = f"/v1/items?{'page' if way == 'number' else 'cursor'}={number + 1}"
        further = {"Link": f'<{place}>; rel="next"'} if way == "header" and number < 3 else {}
        link = f'"{place}"' if way == "link" and number < 3 else "null"
        cursor = str(number + 1) if number < 3 else "null"
        rows = "" if way == "number" and number == 3 else f'{{"number": "INV-{number}"}}'
        return 200, further, f'{{"items": [{rows}], "links": {{"next": {link}}}, "next": {cursor}}}'

    follow = {
        "link": follow_link("links.next"),
        "header": follow_link(),
        "cursor": follow_cursor("next", "cursor"),
        "number": follow_number("page", 1),
    }[way]
    with api(reply) as (url, _), RestClient(url) as client:
        numbers = [each["number"] for page in client.records("/items", "items", follow) for each in page]
    assert numbers == ["INV-1", "INV-2"] + ([] if way == "number" else ["INV-3"])


def test_a_list_without_an_end_and_a_link_to_another_server_are_refused() -> None:
    answers = {"/v1/same": "/v1/same", "/v1/other": "http://other.example/v1/next"}

    def reply(method: str, path: str, headers: dict[str, str], number: int) -> Reply:
        return 200, {}, f'{{"items": [1], "next": "{answers[path]}"}}'

    with api(reply) as (url, _), RestClient(url) as client:
        for path, why in (("/same", "read already"), ("/other", r"other\.example, which is not")):
            with pytest.raises(SourceError, match=why):
                [*client.records(path, "items", follow_link("next"))]


def test_no_secret_is_in_an_error_and_no_redirect_is_followed() -> None:
    def reply(method: str, path: str, headers: dict[str, str], number: int) -> Reply:
        if path.endswith("moved"):
            return 302, {"Location": "http://other.example/"}, ""
        return 400, {}, f"you sent {headers['x-api-key']} and {headers['authorization']}"

    headers = {"X-API-Key": SecretStr("secret-key-1")}
    with api(reply) as (url, _), RestClient(url, headers=headers, token=lambda _: Token("Bearer t0ken-2")) as client:
        with pytest.raises(SourceError) as caught:
            client.get("/invoices")
        with pytest.raises(SourceError, match="it redirects, so correct the URL"):
            client.get("/moved")
    assert "400 you sent *** and ***" in str(caught.value)


def test_a_server_that_wants_to_be_left_alone_for_longer_than_we_wait_is() -> None:
    with (
        api(lambda method, path, headers, number: (429, {"Retry-After": "900"}, "")) as (url, seen),
        RestClient(url, patience=Patience(in_all=60)) as client,
        pytest.raises(SourceError, match="429"),
    ):
        client.get("/invoices")
    assert len(seen) == 1


def test_a_client_certificate_opens_a_server_that_asks_for_one(tmp_path: Path) -> None:
    authority = trustme.CA()
    ours, theirs = authority.issue_cert("client"), authority.issue_cert("localhost")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.configure_cert(tls)
    authority.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    root, pem = tmp_path / "root.pem", tmp_path / "ours.pem"
    authority.cert_pem.write_to_path(root)
    ours.private_key_and_cert_chain_pem.write_to_path(pem)
    with api(lambda method, path, headers, number: (200, {}, "[]"), tls) as (url, _):
        with RestClient(url, trust=Trust(str(pem), authority=str(root))) as client:
            assert client.get("/invoices") == []
        with RestClient(url, trust=Trust(authority=str(root))) as client, pytest.raises(SourceError):
            client.get("/invoices")
