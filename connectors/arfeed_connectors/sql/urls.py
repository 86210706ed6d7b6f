"""A database's URL without its secrets: how it is identified, and what messages must not show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa

# Not PASSIVE, which is not a secret.
_SECRET = re.compile(r"(?i)pass(?!ive)|pwd|token|secret|credential|private_?key|api_?key")
"""Names of secrets: password, passwd, passphrase, sslpassword, wallet_password, pwd, token, access_token …"""

_ODBC_PAIR = re.compile(r"\s*([^=;]*)=(\{(?:[^}]|\}\})*\}|[^;]*)")
"""KEY=VALUE of an ODBC connection string; a value in braces may hold semicolons."""


def without_secrets(url: sa.URL) -> str:
    """Return the URL with everything that says which database it is and how it is read, but no password."""
    import sqlalchemy as sa

    query = {key: _open_part(key, value) for key, value in url.query.items() if not _SECRET.search(key)}
    parts = (url.drivername, url.username, None, url.host, url.port, url.database, query)
    return sa.URL.create(*parts).render_as_string()


def secrets(url: sa.URL) -> Iterator[str]:
    """Yield every secret that the URL holds: its password, and those of its query by name."""
    if url.password:
        yield str(url.password)
    for key, value in url.query.items():
        for text in _texts(value):
            if _SECRET.search(key):
                yield text
            elif _is_odbc(key):
                yield from (said for name, said in _pairs(text) if _SECRET.search(name))
                # A driver may quote the value in its message without the braces.
                yield from (said[1:-1] for name, said in _pairs(text) if _SECRET.search(name) and said.startswith("{"))


def _open_part(key: str, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if not _is_odbc(key):
        return value
    return tuple(
        ";".join(f"{name}={said}" for name, said in _pairs(text) if not _SECRET.search(name)) for text in _texts(value)
    )


def _is_odbc(key: str) -> bool:
    return key.lower() == "odbc_connect"


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(pair[1].strip(), pair[2].strip()) for pair in _ODBC_PAIR.finditer(text)]


def _texts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
