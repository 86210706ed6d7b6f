"""What reads only a portion of a table that FROM names: without its children, one partition, or as it was once."""

from __future__ import annotations

from collections.abc import Sequence

from arfeed_connectors.sql.text.lexing import Token

_KNOW_ONLY = frozenset(("postgresql", "redshift", "cockroachdb", "oracle", "db2", "ibm_db_sa"))
_KNOW_PARTITION = frozenset(("mysql", "mariadb", "oracle", "hana"))
_MOMENTS = frozenset(("TIMESTAMP", "SCN", "SYSTEM", "PERIOD"))
_HISTORIES = frozenset(("SYSTEM_TIME", "SYSTEM", "BUSINESS_TIME"))


def find_portion(tokens: Sequence[Token], place: int, database: str | None) -> int | None:
    """Return the last token of what begins here and reads only a portion of a table; None if nothing does."""
    words = [token.text if token.kind in ("word", "mark") else "" for token in tokens[place : place + 4]]
    word, behind, third, fourth = [*words, "", "", ""][:4]
    before = tokens[place - 1].text if place else ""
    if word == "ONLY" and _is_known(database, _KNOW_ONLY):
        # A table with that name has an alias, or nothing, behind it where the word is not reserved.
        return place + 1 if before in ("FROM", "JOIN", ",", "(") else None
    if word in ("PARTITION", "SUBPARTITION") and _is_known(database, _KNOW_PARTITION):
        return place + 1 if behind in ("(", "FOR") else None
    if word == "FOR" and behind in _HISTORIES and third in ("AS", "BETWEEN", "FROM", "CONTAINED"):
        return place + 2
    # Oracle's and CockroachDB's tables as they were.
    if word == "AS" and behind == "OF" and third in _MOMENTS:
        return place + 2
    if word == "VERSIONS" and behind == "BETWEEN" and third in _MOMENTS:
        return place + 2
    # Snowflake's AT (TIMESTAMP => …), and DuckDB's for lakes.
    if word in ("AT", "BEFORE") and (behind, fourth) == ("(", "=") and third.isidentifier():
        return place + 2
    return None


def _is_known(database: str | None, systems: frozenset[str]) -> bool:
    return database is None or database.partition(".")[0] in systems
