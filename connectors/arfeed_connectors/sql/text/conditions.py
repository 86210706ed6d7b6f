"""What a condition compares a column with: with constants alone, with the first of something, or with other columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from arfeed_connectors.sql.text.lexing import Token

_BOUNDS = frozenset(
    {
        *("WHERE", "ON", "HAVING", "AND", "OR", "CONNECT", "START", "WHEN", "THEN", "ELSE", "END", "CASE", "JOIN"),
        *("INNER", "FULL", "CROSS", "NATURAL", "GROUP", "ORDER", "UNION", "EXCEPT", "INTERSECT", "MINUS", "WINDOW"),
        *("LIMIT", "OFFSET", "FETCH", "FOR", "QUALIFY"),
    }
)
"""Words at which a comparison ends. That of BETWEEN ends at its AND, which leaves out nothing that matters here."""

_NO_COLUMNS = frozenset(
    (
        "NOT",
        "IN",
        "ANY",
        "ALL",
        "SOME",
        "BETWEEN",
        "SYMMETRIC",
        "LIKE",
        "ARRAY",
        "DIV",
        "MOD",
        "AS",
        "NULL",
        "TRUE",
        "FALSE",
    )
)

_PLACES = frozenset(("CTID", "XMIN", "XMAX", "CMIN", "CMAX", "TABLEOID", "RDB$DB_KEY", "RDB$RECORD_VERSION"))
_PLACES_OF = {
    "sqlite": frozenset(("ROWID", "_ROWID_", "OID")),
    "duckdb": frozenset(("ROWID",)),
    "oracle": frozenset(("ROWID", "ORA_ROWSCN")),
    "mysql": frozenset(("_ROWID",)),
    "mssql": frozenset(("PHYSLOC",)),
}
"""What databases call the place of a row in its table, or its transaction, by their names; elsewhere it is a column."""

_FIRST = re.compile(r"(=1|<=1|<2)(?![\d.+\-*/%|])")


def is_place(word: str, database: str | None) -> bool:
    """Whether this is where a row lies in its table: a column that nobody made, and that says nothing of an invoice."""
    known = _PLACES_OF.get({"mariadb": "mysql"}.get(str(database), str(database)), frozenset())
    return word in _PLACES or word in known or (database is None and any(word in each for each in _PLACES_OF.values()))


def is_fixed(tokens: Sequence[Token], place: int) -> bool:
    """Whether the column that stands here is compared with constants alone, and not only asked for being NULL."""
    mine = range(place - 2, place + 1) if _text(tokens, place - 1) == "." else range(place, place + 1)
    return not any(n not in mine and _is_column(tokens, n) for n in _comparison(tokens, place))


def is_first(tokens: Sequence[Token], place: int) -> bool:
    """Whether the column that stands here is compared with 1 so that no other number passes."""
    begin = place - 2 if _text(tokens, place - 1) == "." else place
    behind = "".join(token.text for token in tokens[place + 1 : place + 5])
    return _FIRST.match(behind) is not None and _text(tokens, begin - 1) not in ("+", "-", "*", "/", "%")


def compares_order(tokens: Sequence[Token]) -> bool:
    """Whether conditions say which rows come before others, and not which belong together by columns that are equal."""
    marks = [token.text if token.kind == "mark" else " " for token in tokens]
    before = False
    for place, mark in enumerate(marks):
        around = "".join(marks[max(0, place - 1) : place + 2])
        if mark == "=" and not re.search(r"[<>!]=", around):
            # An equal constant, as of a status, leaves all rows of one kind to be numbered.
            columns = sum(_is_column(tokens, n) for n in _comparison(tokens, place))
            if columns > 1:
                return False
        before = before or (mark in "<>" and not re.search(r"<>|->", around))
    return before


def _comparison(tokens: Sequence[Token], place: int) -> range:
    """Return the places of the whole comparison that holds this one."""
    first, last = place, place
    while first > 0 and not _bounds(tokens[first - 1]):
        first -= 1
    while last + 1 < len(tokens) and not _bounds(tokens[last + 1]):
        last += 1
    return range(first, last + 1)


def _bounds(token: Token) -> bool:
    return token.kind == "word" and token.text in _BOUNDS


def _is_column(tokens: Sequence[Token], place: int) -> bool:
    """Whether a column stands here, or a word that compares with no constant, such as SELECT or IS."""
    token, before = tokens[place], _text(tokens, place - 1)
    if token.kind == "name":
        return True
    if token.kind != "word" or token.text in _NO_COLUMNS or _text(tokens, place + 1) in ("(", "."):
        return False
    behind = tokens[place + 1].kind if place + 1 < len(tokens) else ""
    # A type behind :: or AS, a parameter, a variable, a word before a text, as in DATE '2026-04-07'.
    return before not in (":", "@", "AS", "$") and behind != "text"


def _text(tokens: Sequence[Token], place: int) -> str:
    return tokens[place].text if 0 <= place < len(tokens) else ""
