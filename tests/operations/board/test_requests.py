"""What no browser of ours would send: forged, oversized and malformed requests."""

from __future__ import annotations

import asyncio
import http.client
import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode, urlsplit

import pytest

from arfeed.operations.board.access.guard import HEADERS, MOST_BYTES, Guard, Place
from arfeed.operations.board.site import PAGES
from support.people.boards import PASSWORD, Board, Visitor

if TYPE_CHECKING:
    from arfeed.operations.board.database import Database

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
POSTED = [page.path for page in PAGES if page.method == "POST" and not page.path.startswith("/api/")]


@pytest.fixture(scope="module")
def anna(shared: Board) -> Visitor:
    return shared.logged_in("anna")


def at(path: str) -> str:
    return path.format(feed="acme", plan="none", token="none", question="none")


@pytest.mark.parametrize("path", POSTED)
def test_a_form_that_another_page_sends_is_refused(anna: Visitor, path: str) -> None:
    body = urlencode({"form_token": anna.get("/account").token, "invoices": "6"})
    for origin in (
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example.com"},
        {"Origin": anna.origin + ".evil.com"},
    ):
        answer = anna.request("POST", at(path), body, {**FORM, **origin})
        assert (answer.status, "not sent from a page of the board" in answer.text) == (403, True), origin


@pytest.mark.parametrize("path", POSTED)
def test_a_form_without_the_sessions_token_is_refused(shared: Board, anna: Visitor, path: str) -> None:
    stranger = shared.logged_in("ben").get("/account").token
    for token in ("", "guess", stranger, anna.cookies["arfeed-session"]):
        answer = anna.post(at(path), {"form_token": token, "name": "anna", "password": PASSWORD})
        assert (answer.status, "has expired" in answer.text) == (403, True), token
    assert anna.get("/").status == 200


def test_a_login_without_the_cookie_of_its_form_is_refused(shared: Board) -> None:
    token = shared.visitor().get("/login").token
    fields = {"form_token": token, "name": "anna", "password": PASSWORD}
    forged = shared.visitor()
    assert forged.post("/login", fields).status == 403
    assert "arfeed-session" not in forged.cookies


@pytest.mark.parametrize("host", ["evil.example.com", "127.0.0.1", "127.0.0.1:1", "", "127.0.0.1@evil.example.com"])
def test_another_host_name_is_refused(anna: Visitor, host: str) -> None:
    answer = anna.request("GET", "/", headers={"Host": host})
    assert (answer.status, "not the board's" in answer.text) == (421, True)
    assert host == "" or host not in answer.text


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Original-URL", "X-HTTP-Method-Override"]
)
def test_what_a_proxy_would_say_counts_for_nothing_without_one(anna: Visitor, name: str) -> None:
    answer = anna.request("GET", "/account", headers={name: "https://evil.example.com"})
    assert answer.status == 200
    assert "evil" not in answer.text + str(answer.headers)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_other_methods_are_refused(anna: Visitor, method: str) -> None:
    assert anna.request(method, "/").status in (400, 405)


def test_a_page_can_not_be_asked_for_by_the_other_method(anna: Visitor) -> None:
    assert anna.get("/feeds/acme/look").status == 404
    assert anna.post("/feeds/acme", {"form_token": anna.get("/account").token}).status == 404


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"a=" + b"x" * MOST_BYTES, {}, 413, id="too long"),
        pytest.param(b"a=1", {"Content-Length": "-1"}, 400, id="negative length"),
        pytest.param(b"a=1", {"Content-Length": "99999999999"}, 413, id="states too much"),
        pytest.param(b"a=1", {"Content-Type": "application/json"}, 415, id="JSON"),
        pytest.param(b"a=1", {"Content-Type": "multipart/form-data; boundary=x"}, 415, id="multipart"),
        pytest.param(b"a=1&a=2", {}, 400, id="a field twice"),
        pytest.param(b"a=%00", {}, 400, id="null character"),
        pytest.param(b"a=%ff%fe", {}, 400, id="not UTF-8"),
        pytest.param("a=é".encode(), {}, 400, id="not encoded"),
        pytest.param("&".join(f"f{n}=1" for n in range(60)).encode(), {}, 400, id="many fields"),
    ],
)
def test_a_body_that_no_form_has_is_refused(anna: Visitor, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = anna.request("POST", "/logout", body, {**FORM, "Origin": anna.origin, **headers})
    assert answer.status == status, answer.text
    assert anna.get("/").status == 200


def test_a_second_host_name_is_refused(anna: Visitor) -> None:
    """A proxy may go by one of them, and the board by the other."""
    parts = urlsplit(anna.origin)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    connection.putrequest("GET", "/login", skip_host=True)
    for host in (parts.netloc, "evil.example.com"):
        connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    connection.close()
    assert answer.status in (400, 421)


def test_a_second_host_name_is_refused_whatever_server_lets_it_through() -> None:
    # Ours refuses it before the board sees it; others take the first.
    asked: list[Any] = []
    sent: list[Any] = []

    async def app(*call: Any) -> None:
        asked.append(call)

    async def send(message: Any) -> None:
        sent.append(message)

    place = Place(frozenset({"https://board.example.com"}))
    guard = Guard(app, cast("Database", None), place)
    hosts = [(b"host", b"board.example.com"), (b"host", b"evil.example.com")]
    for count, status in ((1, None), (2, 421)):
        scope = {"type": "http", "method": "GET", "path": "/login", "query_string": b"", "headers": hosts[:count]}
        asyncio.run(guard(scope, cast("Any", None), send))
        assert [message["status"] for message in sent if "status" in message] == ([status] if status else [])
        assert len(asked) == 1


def test_a_body_without_a_length_is_cut_off(anna: Visitor) -> None:
    parts = urlsplit(anna.origin)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    connection.putrequest("POST", "/login")
    for name, value in {**FORM, "Origin": anna.origin, "Transfer-Encoding": "chunked"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    piece = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    try:
        for _ in range(5):
            connection.send(piece)
        status = connection.getresponse().status
    except ConnectionError:
        status = 413  # it had hung up by then; one that waits for the rest, which never comes, ends in a TimeoutError
    connection.close()
    assert status == 413


@pytest.mark.parametrize(
    "path",
    [
        "/static/../application.py",
        "/static/..%2fapplication.py",
        "/static/%2e%2e/%2e%2e/tables.py",
        "/static//etc/passwd",
        "/static/page.html.j2",
        "/static/base.html.j2",
        "/feeds/..%2f..%2fetc%2fpasswd",
        "/feeds/%2e%2e",
        "/feeds/acme%00",
        "/feeds/acme/runs/..%2f..%2fx",
        "/feeds/acme%2fplugins.toml",
    ],
)
def test_no_address_leads_to_a_file(anna: Visitor, path: str) -> None:
    assert anna.get(path).status in (400, 404)


def test_what_is_typed_into_addresses_comes_back_as_text_only(anna: Visitor) -> None:
    shown = anna.get("/search?q=" + "%3Cscript%3Ealert(1)%3C/script%3E%22%E2%80%AEx").text
    assert "<script>alert" not in shown
    assert "\u202e" not in shown
    for path in ("/%0d%0aSet-Cookie:%20a=b", "/login?next=%0d%0aSet-Cookie:%20a=b", "/feeds/%0d%0aX:%20y/look"):
        answer = anna.get(path)
        assert "a" not in {line.partition("=")[0] for line in answer.headers.get_all("Set-Cookie") or []}
        assert answer.headers["X"] is None


@pytest.mark.parametrize("path", ["/", "/login", "/static/board.css", "/no-such-page", "/healthz", "/audit"])
def test_every_answer_tells_the_browser_what_it_may(anna: Visitor, path: str) -> None:
    answer = anna.get(path)
    for name, value in HEADERS.items():
        if not (name == "Cache-Control" and path.startswith("/static/")):
            assert answer.headers[name] == value, name
    assert answer.headers["Server"] is None
    # Written out once more: one that is taken away or made weaker has to be so here, too.
    kept = "max-age=300" if path.startswith("/static/") else "no-store"
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == (kept, "nosniff")
    assert (answer.headers["X-Frame-Options"], answer.headers["Cross-Origin-Opener-Policy"]) == ("DENY", "same-origin")
    policy = set(answer.headers["Content-Security-Policy"].split("; "))
    assert {"default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'"} <= policy
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_no_page_has_a_script_or_a_style_of_its_own(anna: Visitor) -> None:
    for page in PAGES:
        for_programs = page.path.startswith(("/api/", "/metrics"))
        if page.method == "GET" and "{" not in page.path.replace("{feed}", "") and not for_programs:
            text = anna.get(at(page.path)).text
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=\"/static/)", text), page.path


def test_cookies_are_kept_from_scripts_and_other_sites(shared: Board) -> None:
    visitor = shared.visitor()
    set_ = visitor.log_in("vera").headers.get_all("Set-Cookie") or []
    (session,) = [line for line in set_ if line.startswith("arfeed-session=")]
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert "Path=/" in session
    assert "Expires" not in session
    assert len(session.partition("=")[2].partition(";")[0]) >= 43
