"""A division that drops cents: of whole numbers, as SQLite, PostgreSQL, Firebird and SQL Server divide them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arfeed import SourceError
from arfeed_connectors.sql.proofs.control_totals import exact_sum
from arfeed_connectors.sql.statements import answers
from arfeed_connectors.sql.systems.base import backend
from arfeed_connectors.sql.text.lexing import Token, readings
from arfeed_connectors.sql.text.names import Names

if TYPE_CHECKING:
    import sqlalchemy as sa

_EXACT = frozenset(("mysql", "mariadb", "oracle", "duckdb", "hana", "cockroachdb"))
"""Where a division of whole numbers is one of decimals."""

_CLAUSES = frozenset(("SELECT", "FROM", "WHERE", "ON", "GROUP", "HAVING", "ORDER", "WINDOW", "LIMIT"))


def refuse_dropped_cents(connection: sa.Connection, query: str, names: Names, source: str) -> None:
    """Raise `SourceError` if a balance is divided in whole numbers: the exact sum is then another one.

    Only the database knows the types, so it is asked for the sum once as it is and once with decimals.
    """
    money = [names.of(column) for column in ("balance", "amount") if column in names]
    if not money or "/" not in query or backend(connection.dialect.name) in _EXACT:
        return
    divided = [*_divisions(next(readings(query, connection.dialect.name)))]
    if not divided:
        return
    exact = query
    for place in reversed(divided):
        exact = f"{exact[:place]} * 1.0 {exact[place:]}"
    quote = connection.dialect.identifier_preparer.quote
    sums = ", ".join(exact_sum(connection, quote(column)) for column in money)
    if answers(connection, query, sums) != answers(connection, exact, sums):
        where = query[max(0, divided[0] - 30) : divided[0] + 10]
        raise SourceError(
            f"{source}: `query` divides whole numbers, which drops what is behind the point: "
            f"{' '.join(where.split())}; divide by a decimal, such as 100.00"
        )


def _divisions(tokens: list[Token]) -> Iterator[int]:
    """Yield where the query divides in what it selects, at any depth, but not in conditions."""
    clauses = [""]
    for place, token in enumerate(tokens):
        if token.kind == "mark" and token.text == "(":
            clauses.append(clauses[-1] if clauses[-1] != "FROM" else "FROM")
        elif token.kind == "mark" and token.text == ")" and len(clauses) > 1:
            clauses.pop()
        elif token.kind == "word" and token.text in _CLAUSES:
            outside = clauses[-2] if len(clauses) > 1 else ""
            clauses[-1] = token.text if outside in ("", "SELECT", "FROM") else outside
        elif token.kind == "mark" and token.text == "/" and clauses[-1] == "SELECT":
            alone = all(each.text != "/" for each in tokens[max(0, place - 1) : place] + tokens[place + 1 : place + 2])
            if alone:
                yield token.start
