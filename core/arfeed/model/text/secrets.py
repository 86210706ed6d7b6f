"""Secrets that plugins.toml takes from the environment or the system's keyring, and masking them in texts."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, unquote_plus, urlsplit

if TYPE_CHECKING:
    from pydantic import BaseModel

KEYRING = "keyring:"
VARIABLE = re.compile(r"\$\{([^}]*)\}")
"""How plugins.toml refers to what `look_up` returns."""

MASK = "***"

SHORTEST = 4
"""Secrets shorter than this are not masked, since that would mask parts of ordinary words."""

SHORTEST_PIECE = 6
"""Parts of a secret shorter than this are masked only together with the rest."""

_URL_PASSWORD = re.compile(r"://[^\s:/@]*:([^\s'\"]+)@")
_NAMED_PASSWORD = re.compile(r"(?i)(?:pass\w*|pwd|token|secret|key)=(\{[^}]*\}|[^;&\s]+)")
_PLAIN_WORD = re.compile(r"/?[a-z_-]{1,15}/?")


def look_up(name: str) -> str:
    """Return the value of `${name}`: a variable of the environment, or `keyring:SERVICE/NAME`.

    Raise `LookupError` with what is missing and what to type.
    """
    if name.startswith(KEYRING):
        return _from_keyring(name.removeprefix(KEYRING))
    value = os.environ.get(name)
    if value is None:
        raise LookupError(f"the environment variable {name!r} is not set; export it before running arfeed")
    return value


def _from_keyring(place: str) -> str:
    service, _, name = place.rpartition("/")
    if not service or not name:
        raise LookupError(f"${{{KEYRING}{place}}} names nothing in the keyring; write ${{{KEYRING}SERVICE/NAME}}")
    try:
        # Imported here, since it is an optional extra: servers rarely have a keyring.
        import keyring
        from keyring.errors import KeyringError
    except ImportError as exc:
        raise LookupError("the keyring needs one more library: pip install 'arfeed[keyring]'") from exc
    try:
        value = keyring.get_password(service, name)
    except KeyringError as exc:
        raise LookupError(f"the keyring can't be asked: {exc}; unlock it, or use ${{NAME}} of the environment") from exc
    if value is None:
        raise LookupError(f"the keyring holds nothing for {place!r}; store it with: keyring set {service} {name}")
    return value


def collect_secrets(settings: Iterable[BaseModel], variables: Iterable[str] = ()) -> frozenset[str]:
    """Return every value that settings hold as a secret, the secret parts of their URLs, and variables in either."""
    secrets = {secret for model in settings for secret in _secrets(model) if len(secret) >= SHORTEST}
    closed = [secret for secret in secrets if "://" not in secret]  # a URL's host and user may be shown
    # A variable may be only a part of a secret, such as the password within a database's URL.
    pieces = {text for text in variables if len(text) >= SHORTEST_PIECE and any(text in secret for secret in closed)}
    return frozenset(secrets | pieces)


def _secrets(value: object) -> Iterator[str]:
    # Imported here, since masking alone, as of `arfeed --help`, needs no settings.
    from pydantic import BaseModel, SecretStr

    if isinstance(value, SecretStr):
        yield value.get_secret_value()
        yield from _secrets(value.get_secret_value())
        yield from _pieces(value.get_secret_value())
    elif isinstance(value, str):
        for password in _URL_PASSWORD.findall(value):
            yield from {password, unquote(password)}
    elif isinstance(value, BaseModel):
        yield from _secrets(dict(value))
    elif isinstance(value, Mapping):
        yield from _secrets(list(value.values()))
    elif isinstance(value, Iterable):
        for item in value:
            yield from _secrets(item)


def _pieces(secret: str) -> Iterator[str]:
    """Yield the secret parts of a URL: passwords by their names, and an HTTP URL's path and query values.

    The other parts of a database's URL are a file, host or name, which messages need.
    """
    try:
        parts = urlsplit(secret)
    except ValueError:
        return
    if "://" not in secret:
        return
    # Also decoded: an ODBC connection string is passed as one encoded value, with PWD={…} inside.
    named = [*_NAMED_PASSWORD.findall(parts.query), *_NAMED_PASSWORD.findall(unquote_plus(parts.query))]
    yield from {spelling for password in named for spelling in (password, unquote_plus(password), password.strip("{}"))}
    pieces = []
    # A webhook's path is its key: whoever has it can post. Servers quote the path alone, so the whole URL is not
    # enough.
    if parts.scheme in ("http", "https"):
        pieces = [pair.partition("=")[2] for pair in parts.query.split("&")]
        pieces += [f"{parts.path}?{parts.query}".rstrip("?"), parts.path, *parts.path.split("/")]
    for piece in pieces:
        if len(piece) >= SHORTEST_PIECE and not _PLAIN_WORD.fullmatch(piece):
            yield from {piece, unquote_plus(piece), unquote(piece)}


def mask_secrets(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in a text by `***`, also if it is quoted as in JSON, Python or a URL."""
    spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
    # The longest first, or a secret that contains another one would be left in pieces around its mask.
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, MASK)
    return text


def _spellings(secret: str) -> set[str]:
    as_json = {json.dumps(secret, ensure_ascii=plain)[1:-1] for plain in (True, False)}
    return {secret, repr(secret)[1:-1], quote(secret, safe=""), quote(secret), *as_json}
