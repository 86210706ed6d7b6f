"""How deep in parentheses and brackets the words of a query stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arfeed_connectors.sql.text.lexing import Token


def find_levels(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield the place of each token and how many parentheses it stands in; they themselves stand outside of them."""
    level = 0
    for place, token in enumerate(tokens):
        level -= token.kind == "mark" and token.text in (")", "]") and level > 0
        yield place, level
        level += token.kind == "mark" and token.text in ("(", "[")


def find_closing(tokens: Sequence[Token], opened: int) -> int:
    """Return where the parenthesis that opens here is closed, the end if it is not."""
    inside = tokens[opened + 1 :]
    return next((opened + 1 + at for at, level in find_ends(inside) if level < 0), len(tokens))


def find_ends(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield the place of each token and how many parentheses are open behind it, below 0 past one opened before."""
    level = 0
    for place, token in enumerate(tokens):
        if token.kind == "mark":
            level += (token.text in ("(", "[")) - (token.text in (")", "]"))
        yield place, level
