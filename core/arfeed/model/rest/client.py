"""A REST client that tries again what may be tried again, renews its token, and shows no secret in an error.

Retry-After: RFC 9110, 10.2.3. Idempotency-Key: draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode, urljoin, urlsplit

import stamina
from pydantic import SecretStr

from arfeed.model.errors import ArfeedError, ConfigError, SourceError
from arfeed.model.rest.answers import Answer, Body, Follow, Token, find_at
from arfeed.model.text.secrets import SHORTEST, mask_secrets

if TYPE_CHECKING:
    import ssl

    import httpx

_ATTEMPTS = 30
_RENEW_BEFORE = 60
"""Seconds before its end at which a token counts as expired: the request still has to get there."""

_LONGEST_ANSWER = 300
_FORM = "application/x-www-form-urlencoded"
_UNAUTHORIZED = 401
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_NOT_TAKEN = frozenset({425, 429, 503})
"""By these the server says that it has not done what was asked, so that even a POST may be sent again."""

_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that may be sent twice without another effect: RFC 9110, 9.2.2."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How the two ends prove who they are: PEM files of our certificate and its key, and of what to trust."""

    certificate: str | None = None
    key: str | None = None
    authority: str | None = None

    def context(self) -> ssl.SSLContext:
        """Return the settings of TLS. Raise `ConfigError` for a file that can't be read."""
        import ssl

        try:
            context = ssl.create_default_context(cafile=self.authority)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as exc:
            files = ", ".join(filter(None, (self.certificate, self.key, self.authority)))
            raise ConfigError(f"certificates can't be read from {files}: {exc}") from exc
        return context


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for one answer, and how long a request is tried again, in seconds."""

    answer: float = 30
    in_all: float = 300


class _AgainError(Exception):
    """A request is to be sent again, after `wait` seconds if the server names them."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.why, self.wait = why, wait


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A request; `as_json` says that its answer has to be whole JSON."""

    method: str
    path: str
    params: Mapping[str, str]
    body: Body | None = None
    key: str | None = None
    taken: Collection[int] = ()
    as_json: bool = False

    @property
    def may_repeat(self) -> bool:
        """Whether it may be sent twice."""
        return self.method in _REPEATABLE or self.key is not None


class RestClient(AbstractContextManager["RestClient"]):
    """Requests to one API, from any number of threads. Close it, or use it in a `with`.

    A request is sent again after a lost connection, a time-out and the statuses 408, 425, 429 and 5xx, if that can't
    do anything twice: GET, PUT and DELETE, whatever has a `key`, and what the server says that it has not taken. The
    server is shown the `key` in `idempotency_header`; None is for servers that have none, and do not mind. A redirect
    is an error: following it would show the API's key to another server.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str | SecretStr] | None = None,
        token: Callable[[RestClient], Token | None] | None = None,
        trust: Trust | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Take the API's address; `token` logs in, and is asked again when a token expires or is refused.

        Connects with the first request. Raise `ConfigError` if httpx is not installed.
        """
        try:
            import httpx
        except ImportError as exc:
            raise ConfigError("APIs need one more library: pip install 'arfeed[http]'") from exc
        self.url = url.rstrip("/")
        self.error: type[ArfeedError] = SourceError
        self.idempotency_header: str | None = "Idempotency-Key"
        self.may_have_changed = False
        self._patience = patience or Patience()
        self._login = token
        self._token: Token | None = None
        self._token_ends = 0.0
        self._logging_in = threading.RLock()
        self._is_logging_in = False
        shown = headers or {}
        self._secrets = {value.get_secret_value() for value in shown.values() if isinstance(value, SecretStr)}
        plain = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in shown.items()
        }
        secure = urlsplit(self.url).scheme == "https"
        self._client = httpx.Client(
            headers={"user-agent": "arfeed", "accept": "application/json", **plain},
            timeout=self._patience.answer,
            verify=(trust or Trust()).context() if secure else False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=None),
        )

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def get(self, path: str, params: Mapping[str, str] | None = None, *, taken: Collection[int] = ()) -> Any:
        """Return the JSON at a path; None for a status of `taken`, such as 404."""
        answer = self._fulfil(_Wanted("GET", path, params or {}, taken=taken, as_json=True))
        return None if answer.status in taken else answer.json()

    def read(self, path: str) -> bytes:
        """Return the bytes at a path, such as those of a PDF."""
        return self.request("GET", path).content

    def post(self, path: str, body: object, *, key: str | None = None) -> Any:
        """Send JSON and return the JSON of the answer; with a `key` it may be sent again."""
        answer = self.request("POST", path, body=Body(json.dumps(body, default=str).encode()), key=key)
        return answer.json() if answer.content else None

    def get_each(self, paths: Iterable[str], *, taken: Collection[int] = (404,), connections: int = 4) -> Iterator[Any]:
        """Yield the JSON at each path in their order, several being asked for at once; None for a status of `taken`."""
        left = iter(paths)
        with ThreadPoolExecutor(connections) as pool:
            while batch := [*islice(left, connections * 16)]:
                yield from pool.map(lambda path: self.get(path, taken=taken), batch)

    def records(
        self, path: str, rows: str | None, follow: Follow, params: Mapping[str, str] | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the records of each page: the list at `rows` of the answer (`data.items`), or the answer itself.

        `follow` finds the next page; see `follow_link`, `follow_cursor` and `follow_number`.
        """
        at, asked = path, dict(params or {})
        seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
        while True:
            # Some servers answer the last page again instead of an end.
            if (page := (at, tuple(sorted(asked.items())))) in seen:
                raise self._make_error(f"{at} leads to a page that was read already; the list has no end")
            seen.add(page)
            answer = self._fulfil(_Wanted("GET", at, asked, as_json=True))
            found = answer.json() if rows is None else find_at(answer.json(), rows)
            if not isinstance(found, list):
                raise self._make_error(f"{at} has no list {'at ' + rows if rows else 'of records'}")
            yield found
            further = follow(answer, len(found))
            if further is None:
                return
            at, asked = (urljoin(answer.url, further), {}) if isinstance(further, str) else (path, {**asked, **further})

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Body | None = None,
        key: str | None = None,
        taken: Collection[int] = (),
    ) -> Answer:
        """Send a request until it is answered by 2xx or a status of `taken`.

        Raise the client's `error` (`SourceError`) with what the server answered, its secrets masked.
        """
        return self._fulfil(_Wanted(method, path, params or {}, body, key, taken))

    def _fulfil(self, wanted: _Wanted) -> Answer:
        body, headers = wanted.body, dict[str, str]()
        if body is not None:
            headers["content-type"] = body.media_type
        if wanted.key is not None and self.idempotency_header:
            headers[self.idempotency_header] = wanted.key
        sent = self._client.build_request(
            wanted.method,
            self._place(wanted.path),
            params=wanted.params or None,
            content=None if body is None else body.content,
            headers=headers,
        )
        try:
            # The server's own word on how long to wait overrides the growing pauses.
            tries = stamina.retry_context(self._pause, attempts=_ATTEMPTS, timeout=self._patience.in_all or 0.001)
            for attempt in tries:
                with attempt:
                    return self._send_once(sent, wanted)
        except _AgainError as exc:
            raise self._make_error(f"{wanted.method} {wanted.path}: {exc.why}; tried again without success") from exc
        raise AssertionError("unreachable: the last attempt raises")

    def _pause(self, error: Exception) -> bool | float:
        if not isinstance(error, _AgainError):
            return False
        if error.wait is None:
            return True
        return error.wait if error.wait <= self._patience.in_all else False

    def _send_once(self, sent: httpx.Request, wanted: _Wanted) -> Answer:
        answer = self._ask(sent, wanted)
        if answer.status == _UNAUTHORIZED and self._login is not None and _UNAUTHORIZED not in wanted.taken:
            # Whatever its time: a server may end a token early. What it refused, it has not done.
            self._forget_token(sent.headers.get("authorization", ""))
            answer = self._ask(sent, wanted)
        where = f"{sent.method} {sent.url.raw_path.decode()}"
        if answer.status in wanted.taken:
            return answer
        if answer.status in _BUSY and (wanted.may_repeat or answer.status in _NOT_TAKEN):
            raise _AgainError(self._describe(answer), _wait_of(answer))
        if not 200 <= answer.status < 300:
            hint = "; it redirects, so correct the URL" if 300 <= answer.status < 400 else ""
            raise self._make_error(f"{where}: the server answered {self._describe(answer)}{hint}")
        if wanted.as_json:
            try:
                answer.json()
            except ValueError as exc:
                # A proxy may cut a page without telling: half of it is never taken for the whole.
                raise _AgainError(f"the answer is not whole JSON ({exc})") from exc
        return answer

    def _ask(self, sent: httpx.Request, wanted: _Wanted) -> Answer:
        import httpx

        if self._login is not None and (token := self._valid_token()) is not None:
            sent.headers["authorization"] = token.authorization
        writes = sent.method not in ("GET", "HEAD") and not self._is_logging_in
        try:
            found = self._client.send(sent)
        except httpx.TransportError as exc:
            self.may_have_changed |= writes and not isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout)
            what = f"{type(exc).__name__}: {exc or 'no answer'}"
            # Nothing has reached the server yet.
            if wanted.may_repeat or isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
                raise _AgainError(what) from exc
            raise self._make_error(
                f"{sent.method} {sent.url.raw_path.decode()}: {what}; whether it was done is not known"
            ) from exc
        # A 4xx says that nothing was done; anything else may have been done, whatever was answered.
        self.may_have_changed |= writes and not 400 <= found.status_code < 500
        return Answer(found.status_code, dict(found.headers), found.content, str(found.url), dict(wanted.params))

    def _valid_token(self) -> Token | None:
        with self._logging_in:
            # Logging in is a request of this very client, by the thread that has the lock; it has no token yet.
            if self._login is None or self._is_logging_in:
                return None
            if self._token is None or time.monotonic() >= self._token_ends:
                self._is_logging_in = True
                try:
                    self._token = self._login(self)
                finally:
                    self._is_logging_in = False
                if self._token is not None:
                    seconds = self._token.seconds
                    held = float("inf") if seconds is None else max(seconds - _RENEW_BEFORE, seconds / 2)
                    self._token_ends = time.monotonic() + held
                    self._secrets |= {self._token.authorization, self._token.authorization.rpartition(" ")[2]}
            return self._token

    def _forget_token(self, refused: str) -> None:
        with self._logging_in:
            # Another thread may have renewed it meanwhile.
            if self._token is not None and self._token.authorization == refused:
                self._token = None

    def _place(self, path: str) -> str:
        """Return the URL of a path, or of a link of the server's to itself; to anywhere else the key is not shown."""
        if "://" not in path:
            return f"{self.url}/{path.lstrip('/')}"
        here, there = urlsplit(self.url), urlsplit(path)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise self._make_error(f"the server links to {there.netloc}, which is not {here.netloc}; not followed")
        return path

    def _describe(self, answer: Answer) -> str:
        said = " ".join(answer.content[: _LONGEST_ANSWER * 2].decode("utf-8", "replace").split())
        whole = said if len(said) <= _LONGEST_ANSWER else f"{said[:_LONGEST_ANSWER].rpartition(' ')[0]} …"
        return f"{answer.status} {whole}".strip()

    def _make_error(self, text: str) -> ArfeedError:
        masked = mask_secrets(text, {secret for secret in self._secrets if len(secret) >= SHORTEST})
        return self.error(f"{urlsplit(self.url).netloc}: {masked}")

    def add_secret(self, secret: str) -> Self:
        """Mask this in every error from now on."""
        self._secrets.add(secret)
        return self


def client_credentials(
    path: str, client_id: str, client_secret: SecretStr, scope: str | None = None
) -> Callable[[RestClient], Token]:
    """Return a login by OAuth 2.0's client credentials (RFC 6749, 4.4), for the argument `token` of a client."""

    def log_in(api: RestClient) -> Token:
        api.add_secret(client_secret.get_secret_value())
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret.get_secret_value(),
            **({"scope": scope} if scope else {}),
        }
        # A login may be repeated: at worst there are two tokens.
        said = api.request("POST", path, body=Body(urlencode(form).encode(), _FORM), key="login").json()
        return Token(f"Bearer {said['access_token']}", float(said["expires_in"]) if "expires_in" in said else None)

    return log_in


def _wait_of(answer: Answer) -> float | None:
    """Return the seconds that Retry-After names, as a number or a date; None if it has none, or an odd one."""
    said = answer.headers.get("retry-after", "").strip()
    if not said:
        return None
    if said.isdigit():
        return float(said)
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
