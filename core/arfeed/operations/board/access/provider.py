"""An OpenID provider: where people are sent to log in, and what it says of whoever comes back.

By OpenID Connect Core 1.0, sections 3.1 and 5.3, and Discovery 1.0: the code flow, with PKCE (RFC 7636), state and
nonce.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from threading import BoundedSemaphore, Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from arfeed.operations.board.access.people import fingerprint

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session
    from joserfc.jwk import KeySet
    from joserfc.jwt import Token

    from arfeed.operations.board.access.people import Grant
    from arfeed.operations.board.access.settings import OidcSettings

# Signed with a key that only the provider has: neither "none" nor what a client secret signs.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_TIMEOUT = 10.0
_KNOWN_FOR = 3600.0
"""Seconds for which the provider is not asked again where its pages and keys are."""
_LEEWAY = 60
"""Seconds by which two clocks may differ."""
_LASTS, _MOST = 600.0, 1_000
"""Seconds that somebody may take to log in there, and how many may be doing so at once."""
_LONGEST = 255
# One that hangs must not take all threads that answer pages.
_AT_ONCE = BoundedSemaphore(16)

_LOGGER = logging.getLogger("arfeed.board")


class UnreachableError(Exception):
    """The provider does not answer, or not as one does. The text is for people."""


class DistrustError(Exception):
    """What came back proves nothing. The text is for the log."""


class Attempt(NamedTuple):
    """A login that was begun in one browser; `next` is the page to lead to afterwards."""

    state: str
    nonce: str
    verifier: str
    next: str


class Claimed(NamedTuple):
    """What the provider says of somebody. Issuer and subject are who it is; `name` is what to call them."""

    issuer: str
    subject: str
    name: str
    grants: list[Grant]


@dataclass(slots=True)
class Attempts:
    """The logins that were begun, each good once and in the browser that has its key."""

    _kept: dict[str, tuple[float, Attempt]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def keep(self, attempt: Attempt) -> str:
        """Keep an attempt; return the key to it, for a cookie."""
        key, moment = secrets.token_urlsafe(32), monotonic()
        with self._lock:
            late = [each for each, (began, _) in self._kept.items() if began <= moment - _LASTS]
            # In the order of their beginnings: a flood pushes out the oldest, and the memory stays small.
            for each in late or [*self._kept][: max(0, len(self._kept) - _MOST + 1)]:
                del self._kept[each]
            self._kept[fingerprint(key)] = (moment, attempt)
        return key

    def take(self, key: str, state: str) -> Attempt | None:
        """Return the attempt of a browser that brings back its state, once."""
        with self._lock:
            began, attempt = self._kept.pop(fingerprint(key), (0.0, None))
        if attempt is None or began <= monotonic() - _LASTS:
            return None
        return attempt if hmac.compare_digest(attempt.state.encode(), state.encode()) else None


@dataclass(slots=True)
class Provider:
    """The provider of board.toml, asked for its addresses and keys when somebody logs in."""

    settings: OidcSettings
    _metadata: Mapping[str, Any] = field(default_factory=dict)
    _keys: KeySet = field(default=None, repr=False)  # type: ignore[assignment] # asked for together with the metadata
    _known_at: float = -inf

    @property
    def farewell(self) -> str | None:
        """The address at which one logs out there, if that is known."""
        address = self._metadata.get("end_session_endpoint")
        return address if isinstance(address, str) and self._is_safe(address) else None

    def begin(self, back: str, following: str) -> tuple[str, Attempt]:
        """Return the address to log in at, and what to keep until somebody comes back from there to `back`.

        Raise `UnreachableError` if the provider does not say where that is.
        """
        with self._turn():
            self._look()
        state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        attempt = Attempt(state, nonce, verifier, following)
        with self._session(back) as session:
            address, _ = session.create_authorization_url(
                self._address("authorization_endpoint"),
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(address), attempt

    def finish(self, attempt: Attempt, back: str, query: Mapping[str, str]) -> Claimed:
        """Return who came back, by what the address holds that they came back to.

        Raise `UnreachableError` or `DistrustError`.
        """
        # RFC 9207: an answer of another provider must not be taken for one of this.
        if query.get("iss", self.settings.issuer) != self.settings.issuer:
            raise DistrustError("the answer is another issuer's")
        with self._turn():
            self._look()
            return self._claimed(self._exchange(attempt, back, query.get("code", "")))

    def _exchange(self, attempt: Attempt, back: str, code: str) -> Mapping[str, Any]:
        """Return what the provider claims of whoever it gave a code."""
        from authlib.integrations.base_client import OAuthError
        from requests import RequestException

        with self._session(back) as session:
            try:
                token = session.fetch_token(
                    self._address("token_endpoint"),
                    code=code,
                    code_verifier=attempt.verifier,
                    allow_redirects=False,
                )
                claims = self._verify(token, attempt)
                return {**self._ask_about(session, claims), **claims}
            except OAuthError as exc:
                raise DistrustError(f"the code was refused: {str(exc.error)[:_LONGEST]}") from exc
            except (RequestException, ValueError) as exc:
                raise self._unreachable(exc) from exc

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not _AT_ONCE.acquire(blocking=False):
            raise self._unreachable("too many wait for its answers")
        try:
            yield
        finally:
            _AT_ONCE.release()

    def _session(self, back: str) -> OAuth2Session:
        from authlib.integrations.requests_client import OAuth2Session

        known = self._metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        method = "client_secret_basic" if "client_secret_basic" in known else "client_secret_post"
        return OAuth2Session(
            self.settings.client_id,
            self.settings.client_secret.get_secret_value(),
            token_endpoint_auth_method=method,
            scope=" ".join(self.settings.scopes),
            redirect_uri=back,
            code_challenge_method="S256",
            default_timeout=_TIMEOUT,
        )

    def _look(self) -> None:
        """Ask the provider for its addresses and keys, unless that was done lately."""
        if self._metadata and monotonic() - self._known_at < _KNOWN_FOR:
            return
        metadata = self._ask(self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if metadata.get("issuer") != self.settings.issuer:
            raise self._unreachable(f"it calls itself {metadata.get('issuer')!r}, not {self.settings.issuer!r}")
        self._metadata = metadata
        self._keys, self._known_at = self._ask_for_keys(), monotonic()

    def _ask_for_keys(self) -> KeySet:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        listed = self._ask(self._address("jwks_uri")).get("keys")
        # Keys of kinds to come, and those to encrypt by, must not keep anybody from using the others.
        keys = [each for each in listed if _can_sign(each)] if isinstance(listed, list) else []
        try:
            return KeySet.import_key_set({"keys": keys})
        except (JoseError, ValueError) as exc:
            raise self._unreachable(f"its keys can't be read: {exc}") from exc

    def _ask(self, address: str) -> dict[str, Any]:
        import requests

        try:
            return _read(requests.get(address, timeout=_TIMEOUT, allow_redirects=False))
        except (requests.RequestException, ValueError) as exc:
            raise self._unreachable(exc) from exc

    def _address(self, name: str) -> str:
        address = self._metadata.get(name)
        if not isinstance(address, str) or not self._is_safe(address):
            raise self._unreachable(f"its {name} is {address!r}")
        return address

    def _is_safe(self, address: str) -> bool:
        # Plain HTTP is for tests on one machine, and only if the issuer is there, too.
        return urlsplit(address).scheme in ("https", urlsplit(self.settings.issuer).scheme)

    def _verify(self, token: Mapping[str, Any], attempt: Attempt) -> dict[str, Any]:
        """Return what an ID token claims, once it is proven to be this provider's, for this board and this attempt."""
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        text = token.get("id_token")
        if not isinstance(text, str):
            raise DistrustError("there is no ID token")
        try:
            decoded = self._decode(text)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "aud": {"essential": True, "value": self.settings.client_id},
                },
                {
                    "nonce": attempt.nonce,
                    "client_id": self.settings.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=_LEEWAY)
        except JoseError as exc:
            raise DistrustError(f"the ID token is not good: {str(exc)[:_LONGEST]}") from exc
        return dict(claims)

    def _decode(self, text: str) -> Token:
        from joserfc import jwt
        from joserfc.errors import BadSignatureError, InvalidKeyIdError

        try:
            return jwt.decode(text, self._keys, algorithms=_ALGORITHMS)
        except (BadSignatureError, InvalidKeyIdError):
            # Providers change their keys now and then.
            self._keys = self._ask_for_keys()
            return jwt.decode(text, self._keys, algorithms=_ALGORITHMS)

    def _ask_about(self, session: OAuth2Session, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the provider says beside the ID token, if that lacks something."""
        if {self.settings.name, self.settings.groups} <= claims.keys() or "userinfo_endpoint" not in self._metadata:
            return {}
        said = _read(session.get(self._address("userinfo_endpoint"), allow_redirects=False))
        # Section 5.3.2: what is said of another subject is not to be used.
        if said.get("sub") != claims["sub"]:
            raise DistrustError("the user info is another subject's")
        return said

    def _claimed(self, claims: Mapping[str, Any]) -> Claimed:
        subject, listed = claims["sub"], claims.get(self.settings.groups, [])
        if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST:
            raise DistrustError("the subject is not a text of 1 to 255 characters")
        groups = [each for each in (listed if isinstance(listed, list) else [listed]) if isinstance(each, str)]
        name = str(claims.get(self.settings.name, ""))
        return Claimed(self.settings.issuer, subject, name, self.settings.grants_of(groups))

    def _unreachable(self, why: object) -> UnreachableError:
        _LOGGER.warning("%s can't be used to log in: %s", self.settings.issuer, why)
        return UnreachableError(
            f"{self.settings.title} can't be used to log in at the moment. Try again later, or log in by a password."
        )


def _can_sign(key: object) -> bool:
    return isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"


def _read(response: Any) -> dict[str, Any]:
    response.raise_for_status()
    document = response.json()
    if not isinstance(document, dict):
        raise ValueError(f"{response.url} answers with no JSON object")  # noqa: TRY004 - like what json raises
    return document
