"""What may be secret, and texts without it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

_SHORTEST_SECRET = 4


def texts(value: object) -> Iterator[str]:
    """Yield every text in a configuration: which of them are secret, only its owner knows."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return a text without these secrets, however they are spelled in URLs and JSON."""
    spelled = {
        form
        for secret in secrets
        if len(secret) >= _SHORTEST_SECRET
        for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1])
    }
    for form in sorted(spelled, key=len, reverse=True):
        text = text.replace(form, "***")
    return text
