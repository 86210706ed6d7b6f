"""What requests send and get back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Token:
    """What a login returns: the value of the header Authorization, and for how many seconds it holds."""

    authorization: str = field(repr=False)
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """What a request sends, and what that is: JSON unless said otherwise."""

    content: bytes = field(repr=False)
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, headers (in lower case) and bytes; `url` and `params` are those of the request."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    url: str
    params: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Return the JSON of the answer, numbers with a fraction as decimals; raise `ValueError` for anything else."""
        return json.loads(self.content, parse_float=Decimal)


def find_at(document: object, place: str) -> Any:
    """Return what is at a dotted place of a JSON document; None if nothing is."""
    for name in place.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


Follow: TypeAlias = Callable[[Answer, int], "str | Mapping[str, str] | None"]
"""Returns the next page, by an answer and how many records it had: an address, or parameters; None at the end."""
