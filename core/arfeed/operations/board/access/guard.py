"""What stands before every page: who may connect, what a request may hold, whose it is, and what browsers are told."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from arfeed.operations.board.access.problems import make_problem
from arfeed.operations.board.access.sessions import Session, find_session
from arfeed.operations.board.access.tokens import find_by_token
from arfeed.operations.board.database import Database

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Network = IPv4Network | IPv6Network

MOST_BYTES = 64 * 1024
"""So long may be what is posted."""

_MOST_FIELDS = 50
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_FOR_PROGRAMS = ("/api/", "/metrics")
"""What is asked for with a token, and never with a session: so no page of another site can have a browser ask."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",  # without any referrer, browsers send the form with the origin null
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the board is reached: its origins, such as https://board.example.com, and the proxies before it."""

    origins: frozenset[str]
    proxies: tuple[Network, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by TLS only."""
        return all(origin.startswith("https://") for origin in self.origins)

    @property
    def hosts(self) -> frozenset[str]:
        """What may stand in the header Host."""
        return frozenset(urlsplit(origin).netloc for origin in self.origins)

    def cookie(self, name: str) -> str:
        """Return a cookie's name: __Host- has browsers refuse one that another host or a plain connection set."""
        return f"__Host-arfeed-{name}" if self.secure else f"arfeed-{name}"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: who asks, from where, the form or JSON that was posted, what stands behind the ? of the address.

    `program`: it is for programs, which are known by a token and answered in JSON.
    """

    session: Session | None
    address: str
    form: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    posted: Mapping[str, Any] = field(default_factory=dict)
    program: bool = False
    origin: str = ""
    """The one of the board's origins that was asked."""

    @property
    def person(self) -> str:
        """The name of the person; blank without a session."""
        return self.session.person.name if self.session else ""

    @property
    def way(self) -> str:
        """What to add to a person's name if a program asks for them."""
        return f", by the token {self.session.by}" if self.session and self.session.by else ""

    @property
    def who(self) -> str:
        """The person, and the token if a program asks."""
        return self.person + self.way


class _Refusal(Exception):  # noqa: N818 - it is an answer, not an error of ours
    """An answer other than the one asked for."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass
class Guard:
    """Refuses what no browser of ours would send, and hands everything else on as a `Visit` in `scope["visit"]`."""

    app: ASGIApp
    database: Database
    place: Place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guard(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": self._add_headers(message["headers"])}
            await send(message)

        try:
            scope["visit"] = await self._look_at(scope, receive)
        except _Refusal as exc:
            # The rest of a body that was too long is not read: the connection ends with the answer.
            await _answer_refusal(scope, exc)(scope, receive, guard)
            return
        await self.app(scope, receive, guard)

    def _add_headers(self, given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Add what browsers are told with every answer; a page may have said more strictly what holds for it."""
        headers = [*given]
        said = {name.lower() for name, _ in headers}
        wanted = dict(HEADERS)
        if self.place.secure:
            wanted["Strict-Transport-Security"] = "max-age=63072000"
        ours = [(name.lower().encode(), value.encode()) for name, value in wanted.items()]
        return headers + [(name, value) for name, value in ours if name not in said]

    async def _look_at(self, scope: Scope, receive: Receive) -> Visit:
        from starlette.concurrency import run_in_threadpool
        from starlette.datastructures import Headers, QueryParams
        from starlette.requests import cookie_parser

        headers = Headers(scope=scope)
        address = self._address(scope, headers)
        # Another host's name is DNS rebinding, or a link that somebody made: no page is for it.
        if headers.get("host", "") not in self.place.hosts or len(headers.getlist("host")) != 1:
            raise _Refusal(421, "This address is not the board's. Open it by the one that it was started with.")
        if scope["method"] not in ("GET", "HEAD", "POST"):
            raise _Refusal(405, "Only GET and POST are known here.")
        if scope["path"].startswith(_FOR_PROGRAMS):
            return await self._look_at_program(scope, headers, receive, address)
        form = await self._form(headers, receive) if scope["method"] == "POST" else {}
        cookies = cookie_parser(headers.get("cookie", ""))
        token = cookies.get(self.place.cookie("session"), "")
        session = await run_in_threadpool(find_session, self.database, token) if token else None
        origin = f"{'https' if self.place.secure else 'http'}://{headers['host']}"
        visit = Visit(session, address, form, cookies, QueryParams(scope["query_string"]), origin=origin)
        if scope["method"] == "POST":
            self._check_form(visit)
        return visit

    async def _look_at_program(self, scope: Scope, headers: Headers, receive: Receive, address: str) -> Visit:
        from starlette.concurrency import run_in_threadpool
        from starlette.datastructures import QueryParams

        kind, _, token = headers.get("authorization", "").partition(" ")
        known = token.strip() if kind.lower() == "bearer" else ""
        session = await run_in_threadpool(find_by_token, self.database, known) if known else None
        # What is posted without a good token is not even read.
        posted = await self._json(headers, receive) if scope["method"] == "POST" and session else {}
        return Visit(session, address, posted=posted, query=QueryParams(scope["query_string"]), program=True)

    def _address(self, scope: Scope, headers: Headers) -> str:
        """Return the address of the client; behind a proxy, the one that the proxy says."""
        peer = (scope.get("client") or ("",))[0]
        if not self.place.proxies:
            return str(peer)
        if not _is_within(peer, self.place.proxies):
            raise _Refusal(403, "This port is for the proxy that the board was started with.")
        if headers.get("x-forwarded-proto", "").lower() != "https":
            raise _Refusal(400, "The proxy does not say X-Forwarded-Proto: https; the board is reached by TLS only.")
        # From the right: what stands further left was sent by the client, and says whatever it likes.
        hops = [hop.strip() for line in headers.getlist("x-forwarded-for") for hop in line.split(",")]
        return next((hop for hop in reversed(hops) if not _is_within(hop, self.place.proxies)), str(peer))

    async def _form(self, headers: Headers, receive: Receive) -> dict[str, str]:
        if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            raise _Refusal(415, f"Only forms are taken here: {_FORM}.")
        # Browsers name the origin in every POST: one that lacks it comes from no page of ours.
        if headers.get("origin") not in self.place.origins:
            raise _Refusal(403, "This form was not sent from a page of the board.")
        try:
            text = (await _body(headers, receive)).decode("ascii")
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
        except ValueError as exc:
            raise _Refusal(400, "This form can't be read.") from exc
        if len({name for name, _ in pairs}) != len(pairs) or any("\0" in value for _, value in pairs):
            raise _Refusal(400, "This form can't be read: a field is there twice, or holds a null character.")
        return dict(pairs)

    async def _json(self, headers: Headers, receive: Receive) -> dict[str, Any]:
        body = await _body(headers, receive)
        if not body:
            return {}
        if headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
            raise _Refusal(415, f"Only JSON is taken here: {_JSON}.")
        try:
            posted = json.loads(body.decode("utf-8"), parse_float=str)
        except (ValueError, RecursionError) as exc:
            raise _Refusal(400, "This can't be read as JSON in UTF-8.") from exc
        if not isinstance(posted, dict):
            raise _Refusal(400, "Give a JSON object.")
        return posted

    def _check_form(self, visit: Visit) -> None:
        """Insist on the token that only our own pages have: the session's, or before the login that of a cookie."""
        expected = visit.session.form_token if visit.session else visit.cookies.get(self.place.cookie("form"), "")
        given = visit.form.get("form_token", "")
        if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
            raise _Refusal(403, "This form has expired: your session has ended or changed. Go back and reload it.")


def _answer_refusal(scope: Scope, refusal: _Refusal) -> Response:
    from starlette.responses import PlainTextResponse

    if scope["path"].startswith(_FOR_PROGRAMS):
        response = make_problem(refusal.status, "The request was refused", str(refusal))
    else:
        response = PlainTextResponse(f"{refusal}\n", refusal.status)
    response.headers["Connection"] = "close"
    return response


async def _body(headers: Headers, receive: Receive) -> bytes:
    stated = headers.get("content-length", "0")
    if not stated.isdigit() or int(stated) > MOST_BYTES:
        raise _Refusal(413, f"At most {MOST_BYTES} bytes are taken here.")
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False) and message["type"] == "http.request"
        if len(body) > MOST_BYTES:
            raise _Refusal(413, f"At most {MOST_BYTES} bytes are taken here.")
    return body


def _is_within(address: str, networks: Iterable[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
